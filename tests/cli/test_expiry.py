"""What ends soon is said by doctor, by the bare command and to a monitoring system, before pulls fail."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.cli.test_rotate import HOST, ROTATE, minted, program
from tests.support.fleet import fleet
from tests.support.leaks import Watch
from tests.support.user import User

__all__ = ["fleet"]

COMMAND = (
    "gitops-secrets registry rotate --path clusters/prod --image-pull-secret regcred "
    f"--registry {HOST} --provider exec"
)
ENDS = "gitops_secrets_credential_end_timestamp_seconds"


def rotated(user: User, **left: int) -> dt.datetime:
    """Rotate to a credential that ends after the time that is *left*."""
    end = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(**left)
    answer = minted(expires=end.isoformat())
    done = user.run(*ROTATE, *program(user, answer), "--check", "never")
    assert done.status == 0, done.printed
    return end


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ({"days": -1}, "error[expiry]: the credential for registry.example.com ended on {day}, as was noted"),
        ({"days": 5, "hours": 1}, "warning[expiry]: the credential for registry.example.com ends in 5 days, on {day}"),
        ({"hours": 7, "minutes": 30}, "warning[expiry]: the credential for registry.example.com ends in 7 hours, on {day}"),
    ],
    ids=["ended", "days", "hours"],
)  # fmt: skip
def test_what_has_ended_or_ends_soon_is_said_with_the_command(
    fleet: User, left: dict[str, int], said: str
) -> None:
    end = rotated(fleet, **left)
    result = fleet.run("doctor")
    words = said.format(day=f"{end:%Y-%m-%d}")
    assert (result.status, words in result.stdout) == (1, True), result.printed
    assert f"hint: {COMMAND}\n" in result.stdout
    bare = fleet.run().stdout
    assert words.partition("]: ")[2] in bare
    assert f"next:\n  {COMMAND}\n" in bare


def test_the_command_names_the_one_of_two_pull_secrets(fleet: User) -> None:
    rotated(fleet, days=5)
    more = ("--image-pull-secret", "second", "--registry", "ghcr.io", "--registry-creds-env", "C")
    assert fleet.run("bootstrap", *more, env={"C": "a:b"}).status == 0
    (hint,) = [line for line in fleet.run("doctor").stdout.splitlines() if "rotate" in line]
    command = hint.partition("hint: gitops-secrets ")[2].removesuffix(" --provider exec")
    result = fleet.run(*command.split(), *program(fleet, minted()), "--dry-run")
    assert (result.status, "the credential of robot-b" in result.stdout) == (0, True), (
        result.printed
    )


def test_what_lasts_longer_is_no_problem(fleet: User) -> None:
    rotated(fleet, days=15)
    assert fleet.run("doctor").status == 0
    assert "ends in" not in fleet.run().stdout


@pytest.mark.parametrize(
    "noted", ["soon", "2020-13-45", "2020-01-01", "", "\u2028", 5, None, ["2020"]]
)
def test_a_note_that_says_no_time_is_none(fleet: User, noted: object) -> None:
    """The annotation is readable, and whoever can push can write it."""
    rotated(fleet, days=1)
    path = "pull-secrets/prod/regcred.sops.yaml"
    line = next(one for one in fleet.read(path).splitlines() if "rotation-records" in one)
    shown = json.dumps(json.dumps({HOST: {"provider": "exec", "expires": noted}}))
    key = line.partition(":")[0]
    fleet.commit({path: fleet.read(path).replace(line, f"{key}: {shown}")})  # fmt: skip
    assert "[expiry]" not in fleet.run("doctor").stdout
    due = fleet.run(*ROTATE, *program(fleet, minted()), "--due", "14d")
    assert due.status == 0, due.printed
    assert "nothing in Git says when the credential" in due.stdout


def test_the_metrics_are_what_a_monitoring_system_reads(fleet: User) -> None:
    end = rotated(fleet, days=20)
    with Watch(fleet, fleet.credentials()[HOST].partition(":")[2]) as watch:
        done = fleet.run("registry", "list", "--output", "openmetrics")
    assert (done.status, watch.leaks(done)) == (0, [])
    families = {f.name: f for f in text_string_to_metric_families(done.stdout)}
    (sample,) = families[ENDS].samples
    assert sample.value == end.timestamp()
    assert sample.labels == {
        "cluster": "clusters/prod", "namespace": "flux-system", "secret": "regcred",
        "registry": HOST, "user": "robot-b",
    }  # fmt: skip
    (changed,) = families["gitops_secrets_pull_secret_change_timestamp_seconds"].samples
    assert changed.value == int(fleet.git("log", "-1", "--format=%ct"))
    (opened,) = families["gitops_secrets_pull_secret_opened"].samples
    assert opened.value == 1


def test_without_an_identity_the_metrics_say_that_the_secret_was_not_opened(fleet: User) -> None:
    rotated(fleet, days=20)
    for key in fleet.home.rglob("*.agekey"):
        key.unlink()
    done = fleet.run("registry", "list", "--output", "openmetrics")
    families = {f.name: f for f in text_string_to_metric_families(done.stdout)}
    assert families[ENDS].samples == []
    assert [s.value for s in families["gitops_secrets_pull_secret_opened"].samples] == [0]


def test_a_user_name_with_odd_letters_is_one_label(fleet: User) -> None:
    update = (
        "registry",
        "update",
        "--registry",
        HOST,
        "--registry-creds-env",
        "NEW",
        "--check",
        "never",
    )
    # A token that says itself when it ends.
    token = "eyJhbGciOiJub25lIn0.eyJleHAiOjQwMDAwMDAwMDB9.x"
    assert fleet.run(*update, env={"NEW": f'a"b\\c:{token}'}).status == 0
    done = fleet.run("registry", "list", "--output", "openmetrics")
    (sample,) = next(
        f for f in text_string_to_metric_families(done.stdout) if f.name == ENDS
    ).samples
    assert (sample.labels["user"], sample.value) == ('a"b\\c', 4_000_000_000)
