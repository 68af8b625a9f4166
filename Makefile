# The doors for people; .ci/run goes through the same ones.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input

.PHONY: help demo test system e2e fuzz lint format man lock bench clean

help: ## say what each target does
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

demo: $(VENV)/.run ## bootstrap two registries into a throwaway Flux repository, decrypt them as Flux would, see a leak refused
	@$(BIN)/python docs/demo.py

test: $(VENV)/.dev ## the tests that need Python packages only: real sops, real git
	@$(BIN)/pytest --numprocesses auto --dist worksteal

system: $(VENV)/.dev ## the tests that need Debian packages (named when missing)
	@$(BIN)/pytest tests/system

e2e: $(VENV)/.dev ## a real API server and Flux's real controller, built with Go at the first run
	@$(BIN)/python -m tests.e2e.tools.build
	@$(BIN)/pytest tests/e2e

fuzz: $(VENV)/.dev ## 20,000 mangled contents through the guard's engine, the same ones each time
	@GITOPS_SECRETS_TEST_SEED=1 $(BIN)/python -m tests.guard.fuzz --contents 20000 --seed 1

lint: $(VENV)/.dev ## style, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.dev ## the benchmarks, each beside what it is measured against
	@$(BIN)/python -m benchmarks.bootstrap
	@$(BIN)/python -m benchmarks.guard
	@$(BIN)/python -m benchmarks.corpus
	@$(BIN)/python -m benchmarks.doctor
	@$(BIN)/python -m benchmarks.verify
	@$(BIN)/python -m benchmarks.push
	@$(BIN)/python -m benchmarks.merge
	@$(BIN)/python -m benchmarks.registry

man: $(VENV)/.dev ## make the man pages anew of the commands' help
	@$(BIN)/python docs/manpages.py

lock: ## renew the locked and hashed requirements (needs uv on PATH)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --all-extras --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml requirements/dev.in -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --extra cli --extra sops --no-emit-index-url \
	  --custom-compile-command "make lock" -c requirements/dev.txt pyproject.toml requirements/run.in -o requirements/run.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The environment is made anew when a lock changes; a stamp is written only once all of it is installed.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gitops-secrets needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@test -e $(VENV)/.dev || $(PIP) install --require-hashes --only-binary :all: -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
