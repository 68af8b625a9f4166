"""A signal at a known step of a bootstrap: all or nothing, and what is printed is true.

Points spread over time are in tests/support/kill.py. Here a hook of Git's own stops the run at one step.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.fleet import push
from tests.support.kill import SIGNALS
from tests.support.secrets import PATH
from tests.support.stories import Story, bootstrap_story, file_story
from tests.support.user import PROGRAM, User

CATCHABLE = [number for number in SIGNALS if number != signal.SIGKILL]
UNCHANGED = "interrupted; nothing was changed"
STORY = bootstrap_story()


class Step(NamedTuple):
    """A step of a run at which one of Git's hooks waits."""

    hook: str
    when: str
    """A condition of the shell, in which the hook is the one that is meant."""
    done: bool
    """Whether the branch has the commit by then."""


STEPS = {
    "before the commit": Step("pre-commit", "true", done=False),
    "the message is there": Step("commit-msg", "true", done=False),
    "the branch is about to move": Step("reference-transaction", '[ "$1" = prepared ]', done=False),
    "the branch has moved": Step("reference-transaction", '[ "$1" = committed ]', done=True),
    "after the commit": Step("post-commit", "true", done=True),
}


@pytest.mark.parametrize("number", CATCHABLE)
@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("to_all", [False, True], ids=["to the run", "to its group"])
def test_the_branch_decides_and_what_is_printed_says_so(
    user: User, name: str, number: signal.Signals, to_all: bool
) -> None:
    step = STEPS[name]
    STORY.prepare(user)
    user.write({"mine": "staged"})
    user.git("add", "mine")
    before = user.state()
    status, printed = interrupted(user, STORY.arguments, step, number, to_all=to_all)
    assert status == 128 + number, printed
    done = STORY.is_whole(user)
    assert done or not step.done or to_all
    if done:
        commit = user.git("rev-parse", "--short=10", "HEAD").strip()
        assert f"interrupted; the commit {commit} stands on main" in printed
        assert user.git("status", "--porcelain") == "A  mine\n"
        assert len(list(user.home.rglob("*.agekey"))) == 1
    else:
        assert UNCHANGED in printed
        assert user.state() == before
    assert not journal(user).exists()
    assert user.run(*STORY.arguments, env=STORY.env).status == 0
    assert user.git("status", "--porcelain") == "A  mine\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("hook", ["pre-push", "pre-receive", "post-receive"])
def test_a_commit_that_may_be_on_the_server_stays_here(
    user: User, hook: str, number: signal.Signals
) -> None:
    STORY.prepare(user)
    push(user)
    remote = user.home / "remote"
    where = user.repository / ".git" if hook == "pre-push" else remote
    arguments = (*STORY.arguments, "--push")
    # git runs a client's pre-push in the trial without a commit, too: that one does not wait.
    ahead = 'git -C "$REPOSITORY" log -1 --format=%s main | grep -q regcred'
    step = Step(hook, ahead if hook == "pre-push" else "true", done=True)
    status, printed = interrupted(user, arguments, step, number, hooks=where / "hooks")
    assert status == 128 + number
    assert "stands on main and may not be pushed yet" in printed
    assert STORY.is_whole(user)
    assert user.git("status", "--porcelain") == ""
    assert user.run(*arguments, env=STORY.env).status == 0
    assert user.git("rev-parse", "main", cwd=remote) == user.git("rev-parse", "HEAD")


@pytest.mark.parametrize("number", CATCHABLE)
@pytest.mark.parametrize("command", ["encrypt", "edit"])
@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
def test_a_file_that_is_written_stays_and_what_is_printed_says_so(
    user: User, command: str, number: signal.Signals, *, written: bool
) -> None:
    story = file_story(command)
    story.prepare(user)
    before = user.state()
    at_the_step = (
        "import os, sys\n"
        "from gitops_secrets.adapters.writing import transaction\n"
        "replace = transaction.replace_file\n"
        "def stopped(path, content, token=None):\n"
        f"    if {written}: replace(path, content, token)\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        f"    if not {written}: raise OSError(28, 'No space left on device', str(path))\n"
        "transaction.replace_file = stopped\n"
        "from gitops_secrets.fast import main\n"
        "main()\n"
    )
    ended = run_within(user, at_the_step, story)
    printed = ended.stdout.decode()
    assert ended.returncode == 128 + number, printed
    assert story.is_whole(user) == written
    if written:
        assert f"interrupted; {PATH} is written" in printed
    else:
        assert UNCHANGED in printed
        assert user.state() == before
    assert not journal(user).exists()
    assert user.run(*story.arguments, stdin=story.stdin).status == 0
    assert story.is_whole(user)


@pytest.mark.parametrize("number", CATCHABLE)
def test_a_signal_while_a_class_is_made_is_no_bug(user: User, number: signal.Signals) -> None:
    """Python raises a RuntimeError then, in place of what the signal raised."""
    story = file_story("encrypt")
    story.prepare(user)
    in_a_class = (
        "import os\n"
        "from gitops_secrets.commands.secrets import file\n"
        "class Named:\n"
        f"    def __set_name__(self, *_): os.kill(os.getpid(), {int(number)})\n"
        "file.locate = lambda _: type('Made', (), {'name': Named()})\n"
        "from gitops_secrets.fast import main\n"
        "main()\n"
    )
    ended = run_within(user, in_a_class, story)
    assert ended.returncode == 128 + number, ended.stdout
    assert UNCHANGED in ended.stdout.decode()


def test_a_hook_that_commits_on_top_takes_nothing_away(user: User) -> None:
    STORY.prepare(user)
    user.hook(
        "post-commit",
        "[ -e .git/once ] || { touch .git/once; git commit -qm Theirs --allow-empty; }",
    )
    result = user.run(*STORY.arguments, env=STORY.env)
    assert result.status == 0, result.printed
    assert STORY.is_whole(user)
    assert user.git("log", "--format=%s", "-1") == "Theirs\n"
    assert user.git("status", "--porcelain") == ""


def test_a_refused_push_under_a_commit_on_top_says_that_the_commit_stands(user: User) -> None:
    STORY.prepare(user)
    push(user)
    user.hook(
        "post-commit",
        "[ -e .git/once ] || { touch .git/once; git commit -qm Theirs --allow-empty; }",
    )
    refuse = user.home / "remote/hooks/pre-receive"
    refuse.write_text("#!/bin/sh\necho closed >&2; exit 1\n")
    refuse.chmod(0o755)
    result = user.run(*STORY.arguments, "--push", env=STORY.env)
    assert result.status == 3
    ours = user.git("rev-parse", "--short=10", "HEAD~1").strip()
    assert f"was refused, and the commit {ours} stands on main" in result.stderr
    assert STORY.is_whole(user)
    assert user.git("status", "--porcelain") == ""
    assert list(user.home.rglob("*.agekey"))


def test_git_that_fails_after_it_moved_the_branch_leaves_the_commit(user: User) -> None:
    """Its index cannot be written: the hook makes the lock of another git's after the branch has moved."""
    STORY.prepare(user)
    user.hook(
        "reference-transaction",
        'while read -r _ _ ref; do [ "$1 $ref" = "committed refs/heads/main" ] && kill -9 "$PPID"; done; true',
    )
    result = user.run(*STORY.arguments, env=STORY.env)
    (user.repository / ".git/hooks/reference-transaction").unlink()
    assert result.status == 3
    assert "git commit failed, and the commit" in result.stderr
    assert "stands on main" in result.stderr
    assert STORY.is_whole(user)
    assert user.git("status", "--porcelain") == ""
    assert user.run(*STORY.arguments, env=STORY.env).status == 0


@pytest.mark.parametrize(
    "path",
    [
        "/victim",
        "../victim",
        "apps/../../victim",
        ".git/hooks/pre-commit",
        ".GIT/hooks/pre-commit",
        "apps/.git./config",
        "git~1/config",
        "link/victim",
        "apps//victim",
        "a\0b",
        "",
    ],
)
@pytest.mark.parametrize("key", ["files", "folders"])
def test_a_journal_touches_nothing_outside_the_work_tree(user: User, path: str, key: str) -> None:
    user.commit({".sops.yaml": "stores: {}\n", "apps/a": "1"})
    victim, folder = user.home / "victim", user.home / "empty"
    victim.write_text("after")
    folder.mkdir()
    (user.repository / "link").symlink_to(user.home)
    name = path.replace("victim", "home/victim" if key == "files" else "home/empty")
    name = name.replace("/home", str(user.home)) if path.startswith("/") else name
    entry = {name: {"before": "before", "after": "after"}}
    journal(user).parent.mkdir()
    written = {"branch": "main", "files": {}, "folders": []}
    written[key] = entry if key == "files" else [name]
    journal(user).write_text(json.dumps(written))
    result = user.run(*STORY.arguments, env=STORY.env)
    assert result.status == 3
    assert "the journal of an earlier run cannot be used" in result.stderr
    assert f"rm {journal(user)}" in result.stderr
    assert victim.read_text() == "after"
    assert folder.exists()
    journal(user).unlink()
    assert user.run(*STORY.arguments, env=STORY.env).status == 0


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"files": 1}', '{"files": {"a": 1}}'])
def test_a_journal_that_is_none_is_named(user: User, content: str) -> None:
    user.commit({"a": "1"})
    journal(user).parent.mkdir()
    journal(user).write_text(content)
    result = user.run(*STORY.arguments, env=STORY.env)
    assert result.status == 3
    assert "the journal of an earlier run cannot be used" in result.stderr


def test_the_tools_folder_may_be_no_link(user: User) -> None:
    user.commit({"a": "1"})
    outside = user.home / "outside"
    outside.mkdir()
    (user.repository / ".git/gitops-secrets").symlink_to(outside)
    result = user.run(*STORY.arguments, env=STORY.env)
    assert result.status == 3
    assert "is not a folder, and this tool keeps its journal there" in result.stderr
    assert not list(outside.iterdir())


def test_what_the_user_changes_while_he_is_asked_is_left(user: User) -> None:
    """The file is changed after the plan: by the program that gives the credentials."""
    STORY.prepare(user)
    helper = user.home / "bin/docker-credential-late"
    helper.parent.mkdir()
    sops_config = user.repository / ".sops.yaml"
    helper.write_text(
        f"#!/bin/sh\necho '# mine' >> {shlex.quote(str(sops_config))}\n"
        'echo \'{"Username": "robot", "Secret": "hunter2hunter2"}\'\n'
    )
    helper.chmod(0o755)
    config = user.home / "config.json"
    config.write_text('{"credHelpers": {"registry.example.com": "late"}}')
    result = user.run(
        *STORY.arguments[:-2],
        "--registry-creds-docker-config",
        str(config),
        env={"PATH": f"{helper.parent}:{user.env['PATH']}"},
    )
    assert result.status == 3, result.printed
    assert (
        ".sops.yaml was changed by somebody else meanwhile, and nothing was written"
        in result.stderr
    )
    assert user.git("status", "--porcelain") == " M .sops.yaml\n"
    assert not list(user.home.rglob("*.agekey"))


def run_within(user: User, program: str, story: Story) -> subprocess.CompletedProcess[bytes]:
    """Run *story*'s command within the Python *program*, which calls its entry; both streams are in stdout."""
    return subprocess.run(
        [sys.executable, "-P", "-c", program, *story.arguments],
        cwd=user.repository,
        env=user.env,
        input=story.stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def journal(user: User) -> Path:
    return user.repository / ".git/gitops-secrets/journal.json"


def interrupted(
    user: User,
    arguments: tuple[str, ...] | list[str],
    step: Step,
    number: signal.Signals,
    *,
    to_all: bool = False,
    hooks: Path | None = None,
) -> tuple[int, str]:
    """Run with *arguments*, send the signal once *step* is reached, and return status and output."""
    reached = user.home.parent / "reached"
    hook = (hooks or user.repository / ".git/hooks") / step.hook
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nREPOSITORY={shlex.quote(str(user.repository))}\n"
        f"if {step.when}; then touch {shlex.quote(str(reached))}; exec sleep 2; fi\n"
    )
    hook.chmod(0o755)
    with subprocess.Popen(
        [PROGRAM, *arguments],
        cwd=user.repository,
        env={**user.env, **STORY.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        while not reached.exists():
            assert run.poll() is None, run.communicate()[0]
            time.sleep(0.01)
        if to_all:
            # As a terminal does; git and its hook are in the group.
            os.killpg(run.pid, number)
        else:
            run.send_signal(number)
        printed = run.communicate()[0]
    hook.unlink()
    wait_for_the_lock(user)
    return run.returncode, printed


def wait_for_the_lock(user: User) -> None:
    """Wait until what the run had started has ended: a hook holds the lock that it inherits."""
    lock = user.repository / ".git/gitops-secrets/lock"
    subprocess.run(["flock", str(lock), "true"], check=True)
