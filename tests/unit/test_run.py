"""One process serves several repositories: what one run knows, another does not."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gitops_secrets.adapters.running.environment import forget_secrets, forgotten
from gitops_secrets.adapters.running.process import run, trace_to
from gitops_secrets.adapters.settings import allowed_key_managers
from gitops_secrets.cli.printing.say import cleared, hush, tell
from gitops_secrets.core.run import Run, begun, carried, this_run
from gitops_secrets.core.sops.keys.managers import VARIABLE
from gitops_secrets.core.veiled import hold

PASSWORD = "correct-horse-battery-staple"


def test_a_run_repeats_no_secret_of_its_own_and_knows_none_of_another() -> None:
    with begun(Run()):
        hold(PASSWORD)
        assert PASSWORD not in cleared(f"it said {PASSWORD}")
    with begun(Run()):
        assert this_run().secrets == set()


def test_the_variables_that_left_the_environment_are_known_to_the_run_that_took_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with begun(Run()):
        monkeypatch.setenv("SOPS_AGE_KEY", "not-a-key")
        forget_secrets()
        assert "SOPS_AGE_KEY" not in os.environ
        assert forgotten("SOPS_AGE_KEY") == "not-a-key"
    with begun(Run()):
        assert forgotten("SOPS_AGE_KEY") is None


def test_only_the_run_that_asked_is_told_what_is_started() -> None:
    told: list[str] = []
    with begun(Run()):
        trace_to(told.append)
        run(["true"])
    with begun(Run()):
        run(["false"])
    assert told == ["true"]


def test_a_silent_run_silences_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    with begun(Run()):
        hush()
        tell("one")
    with begun(Run()):
        tell("two")
    assert capsys.readouterr().out == "two\n"


def test_each_run_reads_the_settings_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv(VARIABLE, "vault=https://vault.example.com")
    with begun(Run()):
        first = allowed_key_managers()
        monkeypatch.delenv(VARIABLE)
        assert allowed_key_managers() is first
    with begun(Run()):
        assert allowed_key_managers() != first


def test_the_threads_of_a_run_are_part_of_it() -> None:
    with begun(Run()) as one, ThreadPoolExecutor(2) as pool:
        list(pool.map(carried(hold), ["a", "b"]))
    assert one.secrets == {"a", "b"}


def test_a_run_is_not_shown() -> None:
    with begun(Run()) as one:
        hold(PASSWORD)
    assert PASSWORD not in repr(one)
