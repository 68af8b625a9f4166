"""What hooks, servers and users do while a run is at work: nothing of theirs is lost, and what is printed is true."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.fleet import FILES, FLUX, push
from tests.support.stories import bootstrap_story
from tests.support.user import PROGRAM, Result, User

STORY = bootstrap_story()
RULES = ".sops.yaml"


def run(user: User, *more: str) -> Result:
    return user.run(*STORY.arguments, *more, env=STORY.env)


def ready(user: User) -> Path:
    """A repository with a remote, and the server's folder of hooks."""
    STORY.prepare(user)
    push(user)
    return user.home / "remote/hooks"


def write_hook(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def meanwhile(user: User, hooks: Path, command: str) -> None:
    """Have *command* run in the user's repository while the server looks at a push, which it refuses."""
    own = shlex.quote(str(user.repository))
    clean = f'env -i PATH="$PATH" HOME={shlex.quote(str(user.home))}'
    write_hook(hooks / "pre-receive", f"cd {own} && {clean} sh -c {shlex.quote(command)}; exit 1")


def identities(user: User) -> list[Path]:
    return list(user.home.rglob("*.agekey"))


@pytest.mark.parametrize("command", ["git checkout -q -b topic", "git checkout -q --detach"])
def test_a_hook_that_leaves_the_branch_has_its_commit_taken_back(user: User, command: str) -> None:
    STORY.prepare(user)
    before = user.git("rev-parse", "main")
    user.hook("pre-commit", command)
    result = run(user)
    assert result.status == 3
    assert "a hook switched to another branch" in result.stderr
    assert "the commit was taken back" in result.stderr
    assert user.git("log", "--all", "--format=%s") == "Change\n"
    assert user.git("symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert user.git("rev-parse", "main") == before
    assert user.git("status", "--porcelain") == ""
    assert not identities(user)


def test_a_hook_that_adds_a_file_of_the_users_has_its_commit_taken_back(user: User) -> None:
    STORY.prepare(user)
    user.commit({"README": "one\n"})
    user.write({"README": "two\n"})
    user.hook("pre-commit", "git add -u")
    result = run(user)
    assert result.status == 3
    assert "a hook added README to the commit; the commit was taken back" in result.stderr
    assert user.git("status", "--porcelain") == " M README\n"


@pytest.mark.parametrize("command", ["git reset --quiet --hard", "git checkout --quiet -f HEAD"])
def test_a_hook_that_leaves_nothing_to_commit_has_its_empty_commit_taken_back(
    user: User, command: str
) -> None:
    """As one does that stashes what is not staged, or tidies up."""
    user.commit({**FILES, ".sops.yaml": "stores: {yaml: {indent: 2}}\n"})
    before = user.state()
    user.hook("pre-commit", command)
    result = run(user)
    assert result.status == 3
    assert "a hook took .sops.yaml out of the commit; the commit was taken back" in result.stderr
    assert user.state() == before


def test_a_server_that_dies_after_it_took_the_commit_has_it(user: User) -> None:
    hooks = ready(user)
    write_hook(hooks / "post-receive", 'kill -9 "$PPID"')
    result = run(user, "--push")
    assert "taken back" not in result.printed
    assert STORY.is_whole(user)
    assert user.git("rev-parse", "main", cwd=hooks.parent) == user.git("rev-parse", "HEAD")
    assert len(identities(user)) == 1


def test_a_server_whose_hook_says_fatal_has_refused(user: User) -> None:
    hooks = ready(user)
    write_hook(hooks / "pre-receive", "echo 'fatal: not today' >&2; exit 1")
    before = user.state()
    result = run(user, "--push")
    assert "was refused, and the commit was taken back" in result.stderr
    assert user.state() == before


def test_a_refused_tag_beside_the_branch_takes_nothing_back(user: User) -> None:
    hooks = ready(user)
    user.git("config", "push.followTags", "true")
    user.git("tag", "--annotate", "v1", "--message", "One")
    write_hook(hooks / "update", 'case "$1" in refs/tags/*) exit 1;; esac')
    result = run(user, "--push")
    assert "taken back" not in result.printed
    assert STORY.is_whole(user)
    assert user.git("rev-parse", "main", cwd=hooks.parent) == user.git("rev-parse", "HEAD")


def test_a_second_address_that_refuses_takes_nothing_back(user: User) -> None:
    first = ready(user).parent
    second = user.home / "mirror"
    user.git("clone", "--quiet", "--bare", str(first), str(second))
    write_hook(second / "hooks/pre-receive", "exit 1")
    user.git("remote", "set-url", "--add", "--push", "origin", str(first))
    user.git("remote", "set-url", "--add", "--push", "origin", str(second))
    result = run(user, "--push")
    assert result.status == 3
    assert "did not arrive everywhere, and the commit" in result.stderr
    assert user.git("rev-parse", "main", cwd=first) == user.git("rev-parse", "HEAD")
    assert len(identities(user)) == 1


def test_what_the_user_saves_while_a_hook_runs_is_kept(user: User) -> None:
    STORY.prepare(user)
    file = user.repository / RULES
    user.hook("pre-commit", f"echo '# mine' >> {shlex.quote(str(file))}; exit 1")
    result = run(user)
    kept = user.repository / ".git/gitops-secrets/kept" / RULES
    assert f"what {RULES} held meanwhile is in {kept.parent}" in result.stderr
    assert kept.read_text().endswith("# mine\n")
    assert user.git("status", "--porcelain") == ""


def test_a_commit_that_was_amended_during_the_push_stays(user: User) -> None:
    hooks = ready(user)
    meanwhile(
        user,
        hooks,
        "echo mine > mine.txt && git add mine.txt && git commit -q --amend --no-edit",
    )
    result = run(user, "--push")
    assert result.status == 3
    assert "stands on main" in result.stderr
    assert user.read("mine.txt") == "mine\n"
    assert STORY.is_whole(user)
    assert user.git("status", "--porcelain") == ""


def test_a_commit_that_another_branch_has_stays(user: User) -> None:
    hooks = ready(user)
    meanwhile(user, hooks, "git branch other main")
    result = run(user, "--push")
    assert "taken back" not in result.stderr
    assert "stands on main" in result.stderr
    assert len(identities(user)) == 1


def test_a_users_commit_of_what_a_killed_run_left_is_his(user: User) -> None:
    user.commit({**FILES, "a": "1"})
    user.hook("pre-commit", 'kill -9 -$(ps -o pgid= $$ | tr -d " ")')
    subprocess.run(
        [PROGRAM, *STORY.arguments],
        cwd=user.repository,
        env={**user.env, **STORY.env},
        check=False,
        start_new_session=True,
        capture_output=True,
    )
    (user.repository / ".git/hooks/pre-commit").unlink()
    for lock in (user.repository / ".git").rglob("*.lock"):
        lock.unlink()
    path = f"{FLUX}/kustomization.yaml"
    user.write({path: user.read(path) + "# own line\n"})
    user.git("commit", "--quiet", "--all", "--message", "Mine")
    result = run(user)
    assert result.status == 0, result.printed
    assert user.read(path).endswith("# own line\n")
    assert user.git("status", "--porcelain") == ""
    assert len(identities(user)) == 1


def test_the_variable_that_sops_reads_opens_a_file_here_too(user: User) -> None:
    user.commit({"a": "1"})
    assert run(user).status == 0
    (file,) = identities(user)
    key = next(line for line in file.read_text().splitlines() if line.startswith("AGE-SECRET"))
    file.unlink()
    secret = "pull-secrets/prod/regcred.sops.yaml"
    assert user.run("show", "--reveal", secret).status == 3
    assert user.run("show", "--reveal", secret, env={"SOPS_AGE_KEY": key}).status == 0


@pytest.mark.parametrize(
    ("variable", "arguments"),
    [
        (
            "GITOPS_SECRETS_KEY_MANAGERS",
            ("show", "--reveal", "pull-secrets/prod/regcred.sops.yaml"),
        ),
        ("KUBECONFIG", ("doctor", "--context", "x")),
    ],
)
def test_an_identity_in_the_wrong_variable_is_not_repeated(
    user: User, variable: str, arguments: tuple[str, ...]
) -> None:
    user.commit({"a": "1"})
    assert run(user).status == 0
    (file,) = identities(user)
    key = next(line for line in file.read_text().splitlines() if line.startswith("AGE-SECRET"))
    result = user.run(*arguments, env={variable: key})
    assert result.status == 3
    assert key not in result.printed


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_no_fault_of_the_run(user: User, stream: str) -> None:
    user.commit({"a": "1"})
    command = shlex.join([str(PROGRAM), *STORY.arguments])
    result = user.program(["sh", "-c", f"{command} {stream}"], env=STORY.env)
    assert result.status == 0, result.printed
    assert "Traceback" not in result.printed
    assert STORY.is_whole(user)


def test_a_reader_that_has_gone_is_no_fault_of_the_run(user: User) -> None:
    user.commit({"a": "1"})
    program = shlex.quote(str(PROGRAM))
    # What is printed waits until the reader is gone: a fifo of which the only reader closes it.
    script = f"mkfifo p; exec 3<>p; exec 4>p; exec 3<&-; {program} scan >&4; echo $? > status"
    result = user.program(["sh", "-c", script])
    assert result.stderr == ""
    assert user.read("status") == "0\n"


@pytest.mark.parametrize("arguments", [("show", "."), ("edit", ".."), ("encrypt", ".")])
def test_a_folder_is_named_as_one(user: User, arguments: tuple[str, ...]) -> None:
    user.commit({"a": "1"})
    result = user.run(*arguments, stdin=b"x")
    assert result.status == 2
    assert "is a folder" in result.stderr or "there is no terminal" in result.stderr


def test_an_endless_file_of_credentials_is_refused(user: User) -> None:
    user.commit({"a": "1"})
    arguments = (*STORY.arguments[:-2], "--registry-creds-file", "/dev/zero")
    result = user.run(*arguments)
    assert result.status == 3
    assert "/dev/zero holds more than" in result.stderr


def test_a_link_in_the_way_goes_by_the_hint(user: User) -> None:
    user.commit({"a": "1"})
    (user.repository / "pull-secrets").symlink_to(user.home)
    result = run(user)
    assert result.status == 3
    hint = result.stderr.partition("hint: ")[2].partition(",")[0]
    assert user.program(["sh", "-c", hint]).status == 0
    assert run(user).status == 0


def test_files_that_cannot_be_written_leave_no_identity(user: User) -> None:
    """The user changes a file after the plan: by the program that gives the credentials."""
    STORY.prepare(user)
    helper = user.home / "bin/docker-credential-late"
    write_hook(
        helper,
        f"echo '# mine' >> {shlex.quote(str(user.repository / RULES))}\n"
        'echo \'{"Username": "robot", "Secret": "hunter2hunter2"}\'',
    )
    config = user.home / "config.json"
    config.write_text('{"credHelpers": {"registry.example.com": "late"}}')
    result = user.run(
        *STORY.arguments[:-2],
        *("--no-commit", "--registry-creds-docker-config", str(config)),
        env={"PATH": f"{helper.parent}:{user.env['PATH']}"},
    )
    assert result.status == 3
    assert "nothing was written" in result.stderr
    assert not identities(user)
