"""--branch: the commit goes to a branch of its own, for a merge request, or nothing is as if it had been tried."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.cli.test_push import refuse, upstream
from tests.support.user import BOOTSTRAP, User

NAME = "registry/regcred"
ADDRESS = "https://git.example.com/fleet/-/merge_requests/new?source=regcred"
UPDATE = ("registry", "update", "--registry", "registry.example.com", "--registry-creds-env", "CREDS", "--check", "never")  # fmt: skip


def on(user: User) -> str:
    return user.git("branch", "--show-current").strip()


def test_the_commit_is_on_the_branch_which_is_checked_out(user: User) -> None:
    user.commit({"a": "1"})
    user.write({"a": "staged"})
    user.git("add", "a")
    main = user.git("rev-parse", "main")

    result = user.bootstrap("--branch", NAME)

    assert result.status == 0, result.printed
    assert (on(user), user.git("rev-parse", "main")) == (NAME, main)
    assert user.git("rev-parse", f"{NAME}~1") == main
    assert user.git("status", "--porcelain") == "M  a\n", "what was staged is still staged"
    assert f"on {NAME}" in result.stdout
    assert f"Flux gets the commit when {NAME} is merged into main" in result.stdout


def test_git_switch_finds_the_way_back(user: User) -> None:
    user.commit({"a": "1"})
    user.bootstrap("--branch", NAME)
    user.git("switch", "--quiet", "-")
    assert on(user) == "main"


def test_the_command_that_takes_it_back_does(user: User) -> None:
    user.commit({"a": "1"})
    before = user.git("for-each-ref")
    result = user.bootstrap("--branch", NAME)
    line = next(line for line in result.stdout.splitlines() if "to take the commit back" in line)
    assert user.program(["sh", "-c", line.split(": ", 1)[1]]).status == 0
    assert (on(user), user.git("for-each-ref")) == ("main", before)


def test_pushed_it_says_where_the_merge_request_is_opened(user: User, tmp_path: Path) -> None:
    bare = upstream(user, tmp_path)
    refuse(bare, f"printf 'To create a merge request, visit:\\n   {ADDRESS}\\n' >&2")

    result = user.bootstrap("--branch", NAME, "--push")

    assert result.status == 0, result.printed
    assert user.git("rev-parse", NAME, cwd=bare) == user.git("rev-parse", "HEAD")
    assert user.git("rev-parse", "main", cwd=bare) == user.git("rev-parse", "HEAD~1")
    assert user.git("rev-parse", "--abbrev-ref", "@{upstream}").strip() == f"origin/{NAME}"
    assert f"to open the merge request:\n  {ADDRESS}\n" in result.stdout


def test_an_address_with_a_password_is_not_repeated(user: User, tmp_path: Path) -> None:
    bare = upstream(user, tmp_path)
    refuse(bare, "echo 'visit https://robot:hunter2@git.example.com/new' >&2")
    result = user.bootstrap("--branch", NAME, "--push")
    assert result.status == 0
    assert "hunter2" not in result.printed


def test_the_document_names_the_branch_its_base_and_the_address(user: User, tmp_path: Path) -> None:
    bare = upstream(user, tmp_path)
    refuse(bare, f"echo {ADDRESS!r} >&2")
    result = user.bootstrap("--branch", NAME, "--push", "--json")
    document = json.loads(result.stdout)
    assert (document["branch"], document["base"]) == (NAME, "main")
    assert document["merge_request_addresses"] == [ADDRESS]


def test_a_hook_that_refuses_leaves_no_branch(user: User) -> None:
    user.commit({"a": "1"})
    user.hook("pre-commit", "exit 1")
    before = user.state()
    result = user.bootstrap("--branch", NAME)
    assert (result.status, user.state()) == (3, before)
    assert "nothing was changed" in result.stderr


def test_a_refused_push_leaves_no_branch(user: User, tmp_path: Path) -> None:
    refuse(upstream(user, tmp_path), "echo 'closed for today' >&2; exit 1")
    before = user.state()
    result = user.bootstrap("--branch", NAME, "--push")
    assert (result.status, user.state()) == (3, before)
    assert "closed for today" in result.stderr


def test_a_run_killed_on_the_branch_is_taken_back_by_the_next(user: User) -> None:
    user.commit({"a": "1"})
    before = user.state()
    user.hook("pre-commit", 'kill -9 -$(ps -o pgid= $$ | tr -d " ")')
    killed = user.program(["setsid", "--wait", "--", user.env.get("SHELL", "sh"), "-c", 'exec "$0" "$@"', _program(), *BOOTSTRAP, "--branch", NAME], env={"CREDS": "robot:password"})  # fmt: skip
    assert killed.status in (-signal.SIGKILL, 128 + signal.SIGKILL)
    assert on(user) == NAME
    (user.repository / ".git" / "hooks" / "pre-commit").unlink()

    result = user.bootstrap("--dry-run")
    assert result.status == 3, "a dry run clears nothing up"
    result = user.bootstrap()

    assert result.status == 0, result.printed
    assert "an earlier run was ended half-way; what it had written was taken back" in result.stdout
    assert on(user) == "main"
    assert user.git("for-each-ref", "--format=%(refname)").split() == ["refs/heads/main"]
    assert user.git("rev-list", "--count", "main").strip() == "2"
    assert before["refs"] != user.state()["refs"]


def _program() -> str:
    from tests.support.user import PROGRAM

    return str(PROGRAM)


def test_a_branch_of_the_users_own_by_that_name_is_left_alone(user: User) -> None:
    """Made after the run was killed, at the same commit: it is not that run's."""
    user.commit({"a": "1"})
    user.hook("pre-commit", 'kill -9 -$(ps -o pgid= $$ | tr -d " ")')
    user.program(["setsid", "--wait", "--", _program(), *BOOTSTRAP, "--branch", NAME], env={"CREDS": "robot:password"})  # fmt: skip
    (user.repository / ".git" / "hooks" / "pre-commit").unlink()
    user.git("symbolic-ref", "HEAD", "refs/heads/main")
    user.git("branch", "--quiet", "--delete", "--force", NAME)
    user.git("branch", NAME)
    assert user.bootstrap().status == 0
    assert NAME in user.git("branch", "--list", NAME)


@pytest.mark.parametrize("where", ["here", "at the remote", "below it"])
def test_a_branch_that_is_there_is_not_taken(user: User, tmp_path: Path, where: str) -> None:
    upstream(user, tmp_path)
    if where == "at the remote":
        user.git("push", "--quiet", "origin", f"HEAD:refs/heads/{NAME}")
        user.git("fetch", "--quiet")
    else:
        user.git("branch", NAME if where == "here" else f"{NAME}/more")
    before = user.state()
    result = user.bootstrap("--branch", NAME)
    assert (result.status, user.state()) == (2, before)
    assert "is there already" in result.stderr
    if where != "below it":
        user.git("switch", "--quiet", NAME)
        assert user.bootstrap("--branch", NAME).status == 0, "it is the one that is checked out"
        assert on(user) == NAME


def test_a_branch_that_only_the_remote_knows_is_not_taken(user: User, tmp_path: Path) -> None:
    """A clone of CI fetches no other branch."""
    bare, other = upstream(user, tmp_path), tmp_path / "other"
    user.git("clone", "--quiet", str(bare), str(other))
    user.git("commit", "--quiet", "--allow-empty", "--message", "Theirs", cwd=other)
    user.git("push", "--quiet", "origin", f"HEAD:refs/heads/{NAME}", cwd=other)
    before = user.state()
    result = user.bootstrap("--branch", NAME, "--push")
    assert (result.status, user.state()) == (3, before)
    assert f"origin has a branch {NAME} with other commits" in result.stderr


@pytest.mark.parametrize("name", ["-x", "a..b", "a b", "HEAD", "a/", "/a", "a.lock", "a/.b", "ä", "@{u}", ""])  # fmt: skip
def test_a_name_that_is_none_is_refused_and_not_repeated(user: User, name: str) -> None:
    user.commit({"a": "1"})
    before = user.state()
    result = user.bootstrap(f"--branch={name}")
    assert (result.status, user.state()) == (2, before)
    assert not name or f"'{name}'" not in result.stderr


def test_it_needs_a_commit_to_begin_at(user: User) -> None:
    result = user.bootstrap("--branch", NAME)
    assert result.status == 2
    assert "git commit --allow-empty" in result.stderr


def test_it_excludes_no_commit(user: User) -> None:
    user.commit({"a": "1"})
    assert user.bootstrap("--branch", NAME, "--no-commit").status == 2


def test_where_nothing_changes_no_branch_is_made(user: User) -> None:
    user.commit({"a": "1"})
    user.bootstrap()
    assert user.bootstrap("--branch", NAME).status == 0
    assert on(user) == "main"


def test_other_commands_that_commit_have_it_too(user: User) -> None:
    user.commit({"a": "1"})
    user.bootstrap()
    main = user.git("rev-parse", "main")
    recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
    for number, arguments in enumerate((UPDATE, ("key", "add", recipient), ("attach", "team-a"))):
        result = user.run(*arguments, "--branch", f"b{number}", env={"CREDS": "robot:another"})
        assert result.status == 0, result.printed
        assert (on(user), user.git("rev-parse", "main")) == (f"b{number}", main)
        assert f"Flux gets the commit when b{number} is merged into main" in result.stdout
        user.git("switch", "--quiet", "main")


def test_what_an_earlier_run_left_unpushed_stays_on_its_own_branch(
    user: User, tmp_path: Path
) -> None:
    """Nothing is to be written, so no branch is made, and the commit is pushed where its branch goes."""
    bare = upstream(user, tmp_path)
    assert user.bootstrap().status == 0
    assert user.bootstrap("--branch", NAME, "--push").status == 0
    assert user.git("rev-parse", "main", cwd=bare) == user.git("rev-parse", "main")
    assert user.git("for-each-ref", "--format=%(refname)", cwd=bare).split() == ["refs/heads/main"]
    assert user.git("rev-parse", "--abbrev-ref", "@{upstream}").strip() == "origin/main"
