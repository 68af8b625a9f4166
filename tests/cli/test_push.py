"""--push: the commit is there and here, or in neither place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.user import User


def upstream(user: User, tmp_path: Path) -> Path:
    bare = tmp_path / "origin.git"
    user.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    user.commit({"a": "1"})
    user.git("remote", "add", "origin", str(bare))
    user.git("push", "--quiet", "--set-upstream", "origin", "main")
    return bare


def test_push_takes_it_to_the_upstream(user: User, tmp_path: Path) -> None:
    bare = upstream(user, tmp_path)
    assert user.bootstrap("--push").status == 0
    assert user.git("rev-parse", "main", cwd=bare) == user.git("rev-parse", "HEAD")


def test_a_refused_push_leaves_nothing_behind(user: User, tmp_path: Path) -> None:
    bare = upstream(user, tmp_path)
    refuse(bare, "echo 'closed for today' >&2; exit 1")
    user.write({"a": "staged"})
    user.git("add", "a")
    before = user.state()

    result = user.bootstrap("--push")

    assert result.status == 3
    assert "closed for today" in result.stderr
    assert user.state() == before


def refuse(bare: Path, script: str) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


def test_a_branch_that_is_behind_is_to_be_pulled_first(user: User, tmp_path: Path) -> None:
    bare, other = upstream(user, tmp_path), tmp_path / "other"
    user.git("clone", "--quiet", str(bare), str(other))
    user.git("commit", "--quiet", "--allow-empty", "--message", "Theirs", cwd=other)
    user.git("push", "--quiet", cwd=other)
    before = user.state()

    result = user.bootstrap("--push")

    assert (result.status, user.state()) == (3, before)
    assert "hint: git pull --rebase\n" in result.stderr
    assert "Updates were rejected" not in result.stderr, "git's own hints are left out"
    user.git("pull", "--quiet", "--rebase")
    assert user.bootstrap("--push").status == 0


def test_a_remote_that_cannot_be_reached_is_no_reason_to_pull(user: User, tmp_path: Path) -> None:
    upstream(user, tmp_path).rename(tmp_path / "away.git")
    before = user.state()
    result = user.bootstrap("--push")
    assert (result.status, user.state()) == (3, before)
    assert "does not appear to be a git repository" in result.stderr
    assert "git push --dry-run origin" in result.stderr
    assert "git pull" not in result.stderr


def test_what_an_earlier_run_left_unpushed_is_pushed(user: User, tmp_path: Path) -> None:
    bare = upstream(user, tmp_path)
    assert user.bootstrap().status == 0
    result = user.bootstrap("--push")
    assert result.stdout.startswith("clusters/prod: everything is in place, pushed\n")
    assert user.git("rev-parse", "main", cwd=bare) == user.git("rev-parse", "HEAD")
    assert user.bootstrap("--push").stdout.startswith("clusters/prod: everything is in place\n")


def test_the_commit_of_an_earlier_run_stays_where_its_push_is_refused(
    user: User, tmp_path: Path
) -> None:
    bare = upstream(user, tmp_path)
    user.bootstrap()
    refuse(bare, "echo 'closed for today' >&2; exit 1")
    before = user.state()
    result = user.bootstrap("--push")
    assert (result.status, user.state()) == (3, before)
    assert "the commit is here, and not there" in result.stderr


@pytest.mark.parametrize("flag", ["--no-commit", "--push"])
def test_it_needs_an_upstream_and_a_commit_to_push(user: User, flag: str) -> None:
    result = user.bootstrap("--push", flag)
    assert result.status == 2
    assert not list(user.home.rglob("*.agekey"))
