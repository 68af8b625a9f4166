"""Every command over a hostile clone and a hostile archive, watched by strace and by a listener."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fleet import fleet
from tests.support.hostile import OPEN, OWN, SECRET, archive, clone, make_hostile
from tests.support.strace import watch
from tests.support.traps import Traps
from tests.support.user import BOOTSTRAP, PROGRAM, User

__all__ = ["fleet"]

PROGRAMS = {
    "gitops-secrets": "the command itself",
    "git": "asks the repository; the table of settings is in `adapters/git/settings.py`",
    "sops": "encrypts and decrypts, and for `verify` judges files that the tool cannot; it sees no master key and no rule that was not checked",
    "sh": "`edit`: waits in memory, and removes the readable text when the editor or we end",
    "rm": "`edit`: what that `sh` removes it with",
    "the editor": "`edit`: what VISUAL or EDITOR names",
}
"""What these commands may start, and why. docs/threat-model.md has the same table, and one more."""
_BY_NAME = {
    "a program that mints": "`registry rotate`: what `--exec` names",
    "what checks signatures": "`verify --require-signed`: git starts gpg, ssh-keygen or gpgsm, or what your own configuration names in their place",
}
"""What the user names: test_registry_rotate.py and test_signed_gpg.py start it."""

EDITOR = "my-editor"
REGISTRY = (
    *("--registry", "registry.example.com", "--registry-creds-env", "CREDS"),
    *("--check", "never"),
)
ADD = ("registry", "add", "--registry", "other.example.com", *REGISTRY[2:])
COMMANDS: dict[str, tuple[str, ...]] = {
    "bare": (),
    "scan": ("scan",),
    "scan PATH": ("scan", "."),
    "scan --index": ("scan", "--index", OWN),
    "scan --tree": ("scan", "--tree", "HEAD"),
    "scan --range": ("scan", "--range", "HEAD~1..HEAD"),
    "scan --history": ("scan", "--history", "--no-cache"),
    "scan --pre-push": ("scan", "--pre-push", "origin"),
    "scan --pre-receive": ("scan", "--pre-receive"),
    "scan --accept": ("scan", "--tree", "HEAD", "--accept", "why"),
    "doctor": ("doctor",),
    "verify": ("verify",),
    "verify PATH": ("verify", "--age-identity-file", "keys.txt", OPEN),
    "verify --staged": ("verify", "--staged"),
    "verify --range": ("verify", "--range", "HEAD~1..HEAD"),
    "verify --history": ("verify", "--history"),
    "verify --require-signed": ("verify", "--require-signed", "--signer", "A" * 40),
    "which-rule": ("which-rule", OWN),
    "show": ("show", SECRET),
    "show --reveal": ("show", "--reveal", SECRET),
    "show --reveal, open": ("show", "--reveal", OPEN),
    "resolve": ("resolve", SECRET, "--ours"),
    "merge driver": ("__merge", SECRET, SECRET, SECRET, SECRET),
    "merge driver of bases": ("__merge-bases", SECRET, SECRET, SECRET, SECRET),
    "merge driver, open": ("__merge", OPEN, OPEN, OPEN, OPEN),
    "diff driver": ("__textconv", SECRET),
    "edit": ("edit", OPEN),
    "edit --key": ("edit", "--key", ".dockerconfigjson", SECRET),
    "edit --key, open": ("edit", "--key", "a", OPEN),
    "encrypt": ("encrypt", OWN),
    "encrypt again": ("encrypt", SECRET),
    "encrypt again, open": ("encrypt", OPEN),
    "encrypt --to": ("encrypt", "-", "--to", "apps/new.yaml"),
    "bootstrap --dry-run": (*BOOTSTRAP, "--dry-run"),
    "bootstrap --dry-run --all": (*BOOTSTRAP[:1], *BOOTSTRAP[3:], "--all", "--dry-run"),
    "registry list": ("registry", "list"),
    "registry add --dry-run": (*ADD, "--dry-run"),
    "registry update --dry-run": ("registry", "update", *REGISTRY, "--dry-run"),
    "registry remove --dry-run": (
        "registry",
        "remove",
        *REGISTRY[:2],
        "--allow-empty",
        "--dry-run",
    ),
    "apply --dry-run": ("apply", "--dry-run"),
    "hooks status": ("hooks", "status"),
    "hooks install": ("hooks", "install"),
    "hooks uninstall": ("hooks", "uninstall"),
}


@pytest.fixture
def traps(tmp_path: Path) -> Iterator[Traps]:
    with Traps(tmp_path) as traps:
        yield traps


@pytest.fixture
def hostile(fleet: User, traps: Traps) -> User:
    """A user who has the cluster's identity, and on whose PATH the programs lie that could be run."""
    make_hostile(fleet, traps)
    editor = fleet.home / EDITOR
    shutil.copy("/bin/true", editor)
    fleet.env |= {
        "PATH": f"{traps.programs}:{fleet.env['PATH']}",
        "EDITOR": str(editor),
        "CREDS": "robot:other",
        "VAULT_TOKEN": "x",
    }
    return fleet


def from_clone(user: User, traps: Traps) -> Path:
    del traps
    return clone(user, user.home / "clone")


def from_archive(user: User, traps: Traps) -> Path:
    return archive(user, traps, user.home / "archive")


def below(folder: Callable[[User, Traps], Path]) -> Callable[[User, Traps], Path]:
    return lambda user, traps: folder(user, traps) / "embedded"


PLACES = {
    "a clone": from_clone,
    "an archive": from_archive,
    "a repository in a clone": below(from_clone),
    "a repository in an archive": below(from_archive),
}


def run_all(
    user: User, traps: Traps, folder: Path, log: Path
) -> tuple[dict[str, list[str]], set[str]]:
    """Return what each command started or contacted that is in no list, and all that was started."""
    tip = user.git("rev-parse", "HEAD", cwd=user.repository).strip()
    inputs = {
        "scan --pre-push": f"refs/heads/main {tip} refs/heads/main {'0' * 40}\n",
        "scan --pre-receive": f"{'0' * 40} {tip} refs/heads/main\n",
        "encrypt --to": "apiVersion: v1\nkind: Secret\nmetadata: {name: n}\nstringData: {a: b}\n",
    }
    found = {}
    started = set()
    for name, arguments in COMMANDS.items():
        seen = watch(
            [str(PROGRAM), *arguments],
            cwd=folder,
            env=user.env,
            stdin=None if name == "edit" else inputs.get(name, "{}").encode(),
            log=log,
        )
        programs = {"the editor" if name == EDITOR else name for name in seen.programs}
        assert seen.status in (0, 1, 3), f"{name} ended with {seen.status}: {seen.printed}"
        wrong = [*(programs - set(PROGRAMS)), *seen.connections, *traps.sprung()]
        if wrong:
            found[name] = wrong
        started |= programs
    return found, started


@pytest.mark.parametrize("place", PLACES)
def test_no_command_starts_or_contacts_what_a_repository_names(
    hostile: User, traps: Traps, tmp_path: Path, place: str
) -> None:
    folder = PLACES[place](hostile, traps)
    wrong, started = run_all(hostile, traps, folder, tmp_path / "strace")
    assert wrong == {}
    # From a folder below, paths are also those from the top: the commands find the same files.
    assert started == set(PROGRAMS)


def test_a_bootstrap_that_commits_runs_nothing_that_a_clone_brings(
    hostile: User, traps: Traps, tmp_path: Path
) -> None:
    """Git runs the hooks and filters of the user's own configuration then, and a clone brings none of it."""
    folder = from_clone(hostile, traps)
    before = hostile.git("rev-parse", "HEAD", cwd=folder)
    arguments = ["other" if word == "regcred" else word for word in BOOTSTRAP]
    seen = watch(
        [str(PROGRAM), *arguments], cwd=folder, env=hostile.env, stdin=b"", log=tmp_path / "strace"
    )
    assert seen.status == 0, seen.printed
    assert hostile.git("rev-parse", "HEAD~1", cwd=folder) == before
    assert seen.programs <= {"gitops-secrets", "git", "sops"}
    assert [*seen.connections, *traps.sprung()] == []


def test_the_archive_would_run_its_programs(hostile: User, traps: Traps) -> None:
    """A trap that no git falls into would hold nothing."""
    folder = from_archive(hostile, traps)
    changed = folder / "clusters/prod/apps.yaml"
    # Of another size: else Git may take it for unchanged by its time stamps, and clean nothing.
    changed.write_bytes(changed.read_bytes() + b"# changed\n")
    hostile.program(["git", "status"], cwd=folder)
    hostile.program(
        ["git", "-c", "protocol.allow=always", "cat-file", "--batch-check", "--batch-all-objects"],
        cwd=folder,
    )
    hostile.program(["git", "show", "HEAD:clusters/prod/apps.yaml"], cwd=folder)
    assert {"ran config-fsmonitor", "ran config-clean"} <= set(traps.sprung())
    marks = set(traps.sprung())
    hostile.program(["git", "status"], cwd=folder / "embedded")
    assert set(traps.sprung()) - marks == {"ran embedded"}


def test_the_threat_model_lists_what_may_be_started() -> None:
    text = Path(__file__).parents[2].joinpath("docs", "threat-model.md").read_text()
    table = text.split("| program | why |\n", 1)[1].split("\n\n", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[1:]]
    assert {name.strip("`"): why.strip() for name, why in rows} == {**PROGRAMS, **_BY_NAME}
