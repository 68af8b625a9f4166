"""What a killed bootstrap leaves is cleared up by whichever command writes next, and said by those that only read."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.writing.journal import Desk, plan_journal
from gitops_secrets.core.repository.filechange import Change
from tests.support.fleet import FILES
from tests.support.secrets import PATH, opaque, recipient, rule
from tests.support.user import BOOTSTRAP, PROGRAM, User

TAKEN_BACK = "an earlier run was ended half-way; what it had written was taken back"


@pytest.fixture
def killed(user: User) -> User:
    """A user whose bootstrap was killed by his own hook, files written and staged, nothing committed."""
    user.commit({**FILES, ".sops.yaml": rule(recipient(user)), "mine": "1\n"})
    user.run("encrypt", "-", "--to", PATH, stdin=opaque("x").encode())
    user.commit({"mine": "2\n"})
    user.hook("pre-commit", 'kill -9 -$(ps -o pgid= $$ | tr -d " ")')
    done = subprocess.run(
        [PROGRAM, *BOOTSTRAP, "--shadowed-recipients", "drop"],
        cwd=user.repository,
        env={**user.env, "CREDS": "robot:hunter2hunter2"},
        check=False,
        start_new_session=True,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL
    (user.repository / ".git/hooks/pre-commit").unlink()
    for lock in (user.repository / ".git").rglob("*.lock"):
        lock.unlink()
    assert "pull-secrets/prod/regcred.sops.yaml" in user.git("status", "--porcelain")
    return user


def killed_after(user: User, written: int) -> None:
    """Leave what a run that encrypts two files is killed at, after it has *written* some of them."""
    repository = open_repository(user.repository)
    after = {"a.yaml": b"a: ENC[1]\n", "b.yaml": b"b: ENC[2]\n"}
    changes = [Change(p, (user.repository / p).read_bytes(), a) for p, a in after.items()]
    journal = plan_journal(repository, changes, None)
    desk = Desk(repository)
    os.close(desk.open_lock())
    desk.begin(journal)
    for path in list(after)[:written]:
        (user.repository / path).write_bytes(after[path])


@pytest.mark.parametrize("written", [0, 1])
def test_readable_files_are_not_in_the_journal_and_the_next_command_encrypts_the_rest(
    user: User, written: int
) -> None:
    user.commit({".sops.yaml": rule(recipient(user)), "mine": "1\n"})
    user.write({"a.yaml": "a: hunter2hunter2\n", "b.yaml": "b: hunter2hunter2\n"})
    killed_after(user, written)
    for file in (user.repository / ".git/gitops-secrets").iterdir():
        assert b"hunter2hunter2" not in file.read_bytes(), file
    result = user.run("encrypt", "-", "--to", PATH, stdin=opaque("x").encode())
    assert result.status == 0, result.printed
    assert "an earlier run was ended half-way; the rest of it is written" in result.printed
    assert (user.read("a.yaml"), user.read("b.yaml")) == ("a: ENC[1]\n", "b: ENC[2]\n")


def test_a_file_that_was_changed_after_the_kill_stays_as_it_is(user: User) -> None:
    user.commit({".sops.yaml": rule(recipient(user)), "mine": "1\n"})
    user.write({"a.yaml": "a: hunter2hunter2\n", "b.yaml": "b: hunter2hunter2\n"})
    killed_after(user, 1)
    user.write({"b.yaml": "b: mine by now\n"})
    result = user.run("encrypt", "-", "--to", PATH, stdin=opaque("x").encode())
    assert result.status == 0, result.printed
    assert "the rest of it is written, but for b.yaml, which changed since" in result.printed
    assert (user.read("a.yaml"), user.read("b.yaml")) == ("a: ENC[1]\n", "b: mine by now\n")


@pytest.mark.parametrize(
    ("arguments", "stdin", "status"),
    [
        (("encrypt", "-", "--to", PATH), opaque("y"), 0),
        (("edit", PATH, "--key", "stringData.a"), "y", 0),
        (("apply", "--path", "clusters/prod", "--context", "none", "--yes"), "", 3),
        (("encrypt", "not-there.yaml"), "", 3),
        (("edit", "not-there.yaml", "--key", "stringData.a"), "y", 3),
        (("resolve", PATH), "", 3),
        (("verify", "--fix", "not-there.yaml"), "", 2),
        (("registry", "remove", "--registry", "not-there.example.com"), "", 3),
        (
            ("key", "remove", "age1a95h3g8vmwfryyxw4a4k3rp929npjptmfwkz5jsn2n6d9vg3u4usj7p5p6"),
            "",
            3,
        ),
        (BOOTSTRAP, "", 2),
    ],
)
def test_a_command_that_writes_takes_it_back_first(
    killed: User, arguments: tuple[str, ...], stdin: str, status: int
) -> None:
    result = killed.run(*arguments, stdin=stdin.encode())
    assert result.status == status, result.printed
    assert "pull-secrets" not in killed.git("status", "--porcelain")
    assert not (killed.repository / "pull-secrets").exists()
    assert result.printed.count(TAKEN_BACK) == 1, "files that the user saw are gone"


def test_a_command_that_reads_says_so_and_leaves_it(killed: User) -> None:
    before = killed.state()
    said = killed.run("doctor")
    assert said.stdout.startswith("error[half-way]: a command was ended half-way")
    assert killed.state() == before
