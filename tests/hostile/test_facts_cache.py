"""What scan --history remembers is the user's own: no repository brings it along, and nobody else writes it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.guard.corpus.case import Fresh
from tests.support.user import User


@pytest.fixture
def fresh() -> Fresh:
    return Fresh()


@pytest.fixture
def lie(user: User, fresh: Fresh) -> Path:
    """A cache of the repository by which nothing in it is to be judged, and no other there."""
    user.commit({"a.yaml": fresh.secret})
    assert user.run("scan", "--history").status == 1
    lie = user.temporary / "lie"
    user.facts().rename(lie)
    with closing(sqlite3.connect(lie)) as db, db:
        db.execute("INSERT INTO clean SELECT id, 1 FROM facts")
        db.execute("DELETE FROM facts")
        db.execute("DELETE FROM changes")
    return lie


def planted(lie: Path, at: Path) -> Path:
    at.parent.mkdir(parents=True, exist_ok=True)
    at.parent.chmod(0o700)
    return Path(shutil.copyfile(lie, at))


def test_a_cache_is_private_and_is_believed(user: User, lie: Path) -> None:
    """What makes the other stories mean something: at its place this cache does silence the guard."""
    planted(lie, user.facts())
    assert user.run("scan", "--history").status == 0
    assert user.run("scan", "--history", "--no-cache").status == 1
    shutil.rmtree(user.home / ".cache")
    assert user.run("scan", "--history").status == 1
    assert user.facts().parent.stat().st_mode & 0o777 == 0o700
    assert user.facts().stat().st_mode & 0o777 == 0o600


def test_a_cache_in_the_git_folder_is_not_read(user: User, lie: Path) -> None:
    there = planted(lie, user.repository / ".git/gitops-secrets/facts")
    named = planted(lie, user.repository / ".git/gitops-secrets" / user.facts().name)
    assert user.run("scan", "--history").status == 1
    assert there.read_bytes() == named.read_bytes() == lie.read_bytes()


@pytest.mark.parametrize(
    "cache",
    ["{top}", "{top}/cache", "{top}/.git", "{link}", ".", "cache", "", "{own}", "{theirs}"],
)
def test_a_cache_folder_that_the_repository_holds_is_not_used(
    user: User, lie: Path, cache: str
) -> None:
    top = user.repository
    for folder in (top, top / "cache", top / ".git"):
        planted(lie, folder / "gitops-secrets" / user.facts().name)
    link, own = user.home / "link", user.home / "own"
    link.symlink_to(top)
    own.mkdir()
    (own / "gitops-secrets").symlink_to(top / "gitops-secrets")
    theirs = user.home / "theirs"
    planted(lie, theirs / "gitops-secrets" / user.facts().name)
    (theirs / "gitops-secrets").chmod(0o770)
    xdg = cache.format(top=top, link=link, own=own, theirs=theirs)
    assert user.run("scan", "--history", env={"XDG_CACHE_HOME": xdg}).status == 1


@pytest.mark.parametrize("name", [".git", "elsewhere"])
def test_a_work_tree_that_the_configuration_moves_away_still_counts(
    user: User, lie: Path, name: str
) -> None:
    """A configuration may say that the files lie elsewhere, or that there are none."""
    xdg = {"XDG_CACHE_HOME": str(user.repository / "cache")}
    if name != ".git":
        (user.repository / ".git").rename(user.repository / name)
        (user.repository / ".git").write_text(f"gitdir: {name}\n")
    for settings in ({"core.worktree": str(user.home)}, {"core.bare": "true"}):
        for key, value in settings.items():
            user.git("config", f"--file={user.repository / name / 'config'}", key, value)
        planted(lie, user.repository / "cache/gitops-secrets" / user.facts(name).name)
        assert user.run("scan", "--history", env=xdg).status == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_cache_of_another_user_is_not_used(user: User, lie: Path, what: str) -> None:
    planted(lie, user.facts())
    os.chown(user.facts().parent if what == "folder" else user.facts(), 12345, 12345)
    assert user.run("scan", "--history").status == 1


@pytest.mark.parametrize("home", [None, "", "relative"])
def test_without_a_folder_of_his_own_all_is_read_anew(
    user: User, lie: Path, home: str | None
) -> None:
    planted(lie, user.repository / ".cache/gitops-secrets" / user.facts().name)
    planted(lie, user.repository / "relative/.cache/gitops-secrets" / user.facts().name)
    user.env = {k: v for k, v in user.env.items() if k != "HOME"}
    assert user.run("scan", "--history", env={} if home is None else {"HOME": home}).status == 1


def test_work_trees_of_one_repository_share_what_was_learnt(user: User, fresh: Fresh) -> None:
    user.commit({"a.yaml": fresh.secret})
    user.git("worktree", "add", "--quiet", str(user.home / "second"))

    for folder in (user.repository, user.home / "second"):
        assert user.run("scan", "--history", cwd=folder).status == 1
        assert os.listdir(user.facts().parent) == [user.facts().name]
