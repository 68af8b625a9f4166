"""What a killed bootstrap leaves is cleared up by whichever command writes next, and said by those that only read."""

from __future__ import annotations

import signal
import subprocess

import pytest

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


@pytest.mark.parametrize(
    ("arguments", "stdin", "status"),
    [
        (("encrypt", "-", "--to", PATH), opaque("y"), 0),
        (("edit", PATH, "--key", "stringData.a"), "y", 0),
        (("apply", "--path", "clusters/prod", "--context", "none", "--yes"), "", 3),
    ],
)
def test_a_command_that_writes_takes_it_back_first(
    killed: User, arguments: tuple[str, ...], stdin: str, status: int
) -> None:
    result = killed.run(*arguments, stdin=stdin.encode())
    assert result.status == status, result.printed
    assert "pull-secrets" not in killed.git("status", "--porcelain")
    assert not (killed.repository / "pull-secrets").exists()
    if status == 0:
        assert TAKEN_BACK in result.printed


def test_a_command_that_reads_says_so_and_leaves_it(killed: User) -> None:
    before = killed.state()
    said = killed.run("doctor")
    assert said.stdout.startswith("error[half-way]: a bootstrap was ended half-way")
    assert killed.state() == before
