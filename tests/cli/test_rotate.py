"""registry rotate without a registry that answers: what is refused, and what is left then."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.secrets import mixed
from tests.support.user import User

HOST = "registry.example.com"
PROGRAM = """\
case "$1" in
list) printf '{{"credentials": [{{"id": "1", "name": "robot", "user": "robot"}}%s]}}' "$(cat {folder}/more)" ;;
mint) printf ', {{"id": "2", "name": "new", "user": "robot-b"}}' > {folder}/more; printf '%s' '{answer}' ;;
revoke) cat > {folder}/revoked; : > {folder}/more ;;
esac
"""
ROTATE = ("registry", "rotate", "--registry", HOST)


def program(user: User, answer: dict[str, object]) -> tuple[str, ...]:
    """A stand-in for a user's program: it mints *answer*, and takes the one it minted out of its list again."""
    folder = user.home.parent / "program"
    folder.mkdir(exist_ok=True)
    (folder / "more").touch()
    script = folder / "mint"
    script.write_text(PROGRAM.format(folder=folder, answer=json.dumps(answer)))
    return ("--exec", f"sh {script}")


def revoked(user: User) -> str | None:
    """The id that the program was asked to revoke."""
    path = user.home.parent / "program" / "revoked"
    return json.loads(path.read_text())["id"] if path.exists() else None


def minted(**more: object) -> dict[str, object]:
    return {"id": "2", "user": "robot-b", "secret": mixed(), **more}


def test_what_cannot_be_proven_is_not_written_and_taken_back(fleet: User) -> None:
    before = fleet.state()
    closed = ("--plain-http", HOST, "--timeout", "0.5")
    result = fleet.run(*ROTATE, *program(fleet, minted()), *closed)
    assert (result.status, revoked(fleet)) == (3, "2"), result.printed
    assert "hint: the new credential 2 was revoked again; the old one is as it was" in result.stderr
    assert fleet.state() == before


def test_what_you_bring_and_cannot_be_proven_is_not_written(fleet: User) -> None:
    before = fleet.state()
    flags = ("--registry-creds-env", "NEW", "--plain-http", HOST, "--timeout", "0.5")
    result = fleet.run(*ROTATE, *flags, env={"NEW": f"robot-b:{mixed()}"})
    assert (result.status, fleet.state()) == (3, before), result.printed
    assert "hint: the old credential is as it was" in result.stderr


def test_with_check_never_it_is_written_unproven_and_that_is_said(fleet: User) -> None:
    result = fleet.run(*ROTATE, *program(fleet, minted()), "--check", "never")
    assert result.status == 0, result.printed
    assert "prove         skipped   not proven, as --check never says" in result.stdout
    assert fleet.credentials()[HOST].startswith("robot-b:")
    assert revoked(fleet) is None


def test_the_noted_end_is_in_the_list(fleet: User) -> None:
    answer = minted(expires="2037-01-31T00:00:00Z")
    done = fleet.run(*ROTATE, *program(fleet, answer), "--check", "never")
    assert done.status == 0, done.printed
    listed = fleet.run("registry", "list").stdout
    assert "expiry    noted to end at 2037-01-31T00:00:00+00:00" in listed
    update = ("registry", "update", "--registry", HOST, "--registry-creds-env", "CREDS")
    assert fleet.run(*update, "--check", "never", env={"CREDS": "other:x"}).status == 0
    assert "noted to end" not in fleet.run("registry", "list").stdout


def test_a_signal_during_the_commit_takes_the_new_credential_back(fleet: User) -> None:
    run = "$(awk '{print $4}' /proc/$PPID/stat)"
    fleet.hook("pre-commit", f"kill -TERM {run}; sleep 0.5; exit 1")
    before = fleet.state()
    result = fleet.run(*ROTATE, *program(fleet, minted()), "--check", "never")
    assert (result.status, revoked(fleet)) == (128 + signal.SIGTERM, "2"), result.printed
    assert "the new credential 2 was revoked again; the old one is as it was" in result.stderr
    assert fleet.state() == before


def test_an_id_that_was_there_before_is_not_taken_back(fleet: User) -> None:
    """A program that renews in place: what it names is the one that the cluster has."""
    fleet.hook("pre-commit", "exit 1")
    result = fleet.run(*ROTATE, *program(fleet, minted(id="1")), "--check", "never")
    assert (result.status, revoked(fleet)) == (3, None)
    assert "1 was there before it was minted, and was not revoked" in result.stderr


def test_a_secret_that_the_program_gave_as_its_id_is_not_said(fleet: User) -> None:
    secret = mixed()
    result = fleet.run(*ROTATE, *program(fleet, minted(id=secret, secret=secret)))
    assert (result.status, secret in result.printed) == (3, False)
    assert "id or user holds the secret" in result.stderr


@pytest.mark.parametrize(
    ("flags", "status", "said"),
    [
        pytest.param((), 2, "no credentials are given for registry.example.com", id="nothing"),
        pytest.param(("--exec", "/no/such"), 2, "names no program that can be run", id="absent"),
        pytest.param(
            ("--exec", "true", "--registry-creds-env", "NEW"),
            2,
            "leave one of them away",
            id="both",
        ),
        pytest.param(("--registry", "ghcr.io"), 2, "one rotation is of one registry", id="two"),
        pytest.param(("--exec", "true"), 3, "the answer of true to list cannot be used", id="mute"),
        pytest.param(("--exec", "false"), 3, "false list failed with status 1", id="failing"),
        pytest.param(("--resume",), 2, "there is no rotation to resume", id="not begun"),
        pytest.param(
            ("--registry-creds-env", "SAME"), 3, "is the one that the repository holds", id="same"
        ),
    ],
)
def test_what_is_refused_changes_nothing(
    fleet: User, flags: tuple[str, ...], status: int, said: str
) -> None:
    before = fleet.state()
    env = {"NEW": "a:b", "SAME": "robot:password"}
    result = fleet.run(*ROTATE, *flags, env=env)
    assert (result.status, said in result.stderr) == (status, True), result.printed
    assert fleet.state() == before


def test_what_is_uncommitted_stops_it_before_anything_is_minted(fleet: User) -> None:
    path = Path("pull-secrets/prod/regcred.sops.yaml")
    fleet.write({str(path): fleet.read(str(path)) + "\n"})
    result = fleet.run(*ROTATE, *program(fleet, minted()), "--check", "never")
    assert (result.status, "not committed" in result.stderr) == (3, True), result.printed
    assert (fleet.home.parent / "program" / "more").read_text() == ""


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        (
            ("--pause-after", "3d"),
            "leave --pause-after out; --revoke-after 7d waits before the revocation",
        ),
        (("--reactivate",), "leave --reactivate out"),
    ],
)
def test_a_pause_of_what_cannot_pause_is_to_be_left_out(
    fleet: User, option: tuple[str, ...], hint: str
) -> None:
    """--revoke-after beside it was refused in the same words."""
    result = fleet.run(*ROTATE, *program(fleet, minted()), *option)
    assert (result.status, f"hint: {hint}\n" in result.stderr) == (2, True), result.printed
    assert revoked(fleet) is None
