"""Files that differ from their commit without Git's status saying so, and hooks that take the commit away."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.support.fleet import push
from tests.support.stories import bootstrap_story
from tests.support.user import User

STORY = bootstrap_story()
FLUX = "clusters/prod/flux-system/kustomization.yaml"
MINE = "# my own\nresources: []\n"


def files(user: User) -> dict[str, bytes]:
    """Every file of the work tree."""
    top = user.repository
    found = (path for path in top.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(top)): path.read_bytes() for path in found}


def checked_out_anew(user: User) -> None:
    """Have Git write the file, as it would in a clone."""
    (user.repository / FLUX).unlink()
    user.git("checkout", "--quiet", "--", FLUX)


def with_ident(user: User) -> None:
    user.commit({FLUX: "# $Id$\nresources: []\n", ".gitattributes": "*.yaml ident\n"})


def with_crlf(user: User) -> None:
    user.commit({FLUX: MINE, ".gitattributes": "*.yaml text eol=crlf\n"})


def with_autocrlf(user: User) -> None:
    user.commit({FLUX: MINE})
    user.git("config", "core.autocrlf", "true")


def with_filter(user: User) -> None:
    user.git("config", "filter.own.clean", "sed s/WORK/STORED/")
    user.git("config", "filter.own.smudge", "sed s/STORED/WORK/")
    user.commit({FLUX: "# STORED\nresources: []\n", ".gitattributes": "*.yaml filter=own\n"})


DIFFERING = {
    "ident": with_ident,
    "eol=crlf": with_crlf,
    "core.autocrlf": with_autocrlf,
    "filter": with_filter,
}


@pytest.mark.parametrize("how", DIFFERING)
def test_a_refused_commit_leaves_every_file_as_git_had_written_it(user: User, how: str) -> None:
    DIFFERING[how](user)
    checked_out_anew(user)
    assert user.git("status", "--porcelain") == ""
    user.hook("pre-commit", "exit 1")
    before = files(user)
    result = user.run(*STORY.arguments, env=STORY.env)
    assert result.status == 3
    assert "git refused the commit, and nothing was changed" in result.stderr
    assert files(user) == before
    assert user.git("status", "--porcelain") == ""


def test_the_reason_of_a_refused_commit_is_not_lost_among_warnings(user: User) -> None:
    with_autocrlf(user)
    user.hook("pre-commit", "echo not on a Friday >&2; exit 1")
    result = user.run(*STORY.arguments, env=STORY.env)
    assert "nothing was changed: not on a Friday\n" in result.stderr


def test_a_file_that_only_its_filter_sees_unchanged_is_not_taken_for_changed(user: User) -> None:
    with_filter(user)
    checked_out_anew(user)
    result = user.run(*STORY.arguments, env=STORY.env)
    assert "has changes that are not committed" not in result.stderr
    # What the filter makes of it is not what was planned, and that is what is said.
    assert "the filter own of .gitattributes changed" in result.stderr


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
@pytest.mark.parametrize("path", [FLUX, ".sops.yaml"])
def test_a_change_that_git_is_told_not_to_see_is_left_alone(
    user: User, flag: str, path: str
) -> None:
    user.commit({FLUX: MINE, ".sops.yaml": "stores: {}\n"})
    user.git("update-index", f"--{flag}", path)
    user.write({path: user.read(path) + "# not for others\n"})
    before, head = files(user), user.git("rev-parse", "HEAD")
    result = user.run(*STORY.arguments, env=STORY.env)
    assert result.status == 3
    assert f"{path} is marked {flag}: Git does not see whether it has changes" in result.stderr
    assert (files(user), user.git("rev-parse", "HEAD")) == (before, head)
    user.program(shlex.split(result.stderr.partition("hint: ")[2]))
    assert f"{path} has changes" in user.run(*STORY.arguments, env=STORY.env).stderr


@pytest.mark.parametrize("pushed", [False, True])
def test_a_hook_that_resets_takes_our_commit_and_no_other(user: User, *, pushed: bool) -> None:
    user.commit({"first": "1"})
    if pushed:
        push(user)
    user.commit({"second": "the user's own work"})
    user.hook("post-commit", "git reset --quiet --hard HEAD~1")
    before, head = files(user), user.git("rev-parse", "HEAD")
    result = user.run(*STORY.arguments, env=STORY.env)
    assert result.status == 3
    assert "a hook took the commit off the branch again; nothing was changed" in result.stderr
    assert (files(user), user.git("rev-parse", "HEAD")) == (before, head)
    assert not list(Path(user.home).rglob("*.agekey"))


def test_a_hook_that_commits_something_else_instead_keeps_what_it_made(user: User) -> None:
    """It goes two commits back and makes one of its own: where that belongs is not known here."""
    user.commit({"first": "1"})
    user.commit({"second": "2"})
    user.hook(
        "post-commit",
        "[ -e .git/once ] && exit; touch .git/once; git reset --quiet --hard HEAD~2; "
        "git commit --quiet --allow-empty --message Theirs",
    )
    result = user.run(*STORY.arguments, env=STORY.env)
    assert result.status == 3, result.printed
    assert user.git("log", "--format=%s", "-1") == "Theirs\n"
