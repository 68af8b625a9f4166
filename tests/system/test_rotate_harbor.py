"""registry rotate with Harbor's API: a stand-in mints the robots, and a real registry asks a token server about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from tests.cli.test_doctor_images import runs
from tests.support.fleet import fleet, push
from tests.support.leaks import Watch
from tests.support.providers import Harbor
from tests.support.secrets import mixed
from tests.support.user import Result, User
from tests.support.webserver import Reply, Request, WebServer
from tests.system.registries import Registry, Rights, Tokens, basic, serving
from tests.system.registries import push as push_image

__all__ = ["fleet"]

SECRET = "pull-secrets/prod/regcred.sops.yaml"
PULL = [
    {
        "kind": "project",
        "namespace": "team",
        "access": [{"resource": "repository", "action": "pull"}],
    }
]


class Place(NamedTuple):
    user: User
    registry: Registry
    server: WebServer
    harbor: Harbor
    password: str
    """Of who may mint."""
    old: str
    """USER:PASSWORD of the robot that the Secret holds at first."""

    def rotate(self, *flags: str) -> Result:
        hosts = self.registry.host, self.server.host
        return self.user.run(
            *("registry", "rotate", "--registry", hosts[0], "--provider", "harbor"),
            *("--endpoint", f"http://{hosts[1]}/team", "--minting-creds-env", "MINTING"),
            *("--plain-http", hosts[0], "--plain-http", hosts[1], "--realm", hosts[1], *flags),
            env={"MINTING": f"{self.harbor.minting}:{self.password}"},
        )

    def held(self) -> str:
        return self.user.credentials(SECRET)[self.registry.host]


@pytest.fixture(params=["robot$minting"])
def place(
    fleet: User, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("harbor")
    password, pushing = mixed(), mixed()
    harbor = Harbor(request.param, password)
    made = harbor.make("flux", PULL)
    old = f"{made['name']}:{made['secret']}"
    tokens = Tokens(folder, Rights({}, {}))

    def told(request: Request) -> Reply:
        """Harbor's API, and its token service, which knows the robots that there are now."""
        if request.path.startswith("/api/"):
            return harbor.answer(request)
        robots = dict(harbor.secrets)
        tokens.rights = Rights({**robots, "pusher": pushing}, {"team/app": tuple(robots)})
        return tokens.answer(request)

    with WebServer(told) as server:
        realm = f"http://{server.host}/token"
        with serving(folder / "registry", realm=realm, bundle=tokens.bundle) as registry:
            asked = {"service": "tests", "scope": "repository:team/app:pull,push"}
            token = httpx.get(
                realm,
                params=asked,
                headers={"Authorization": basic("pusher", pushing)},
                trust_env=False,
            ).json()["token"]
            push_image(registry, "team/app", "1", f"Bearer {token}")
            fleet.commit({"apps/app.yaml": runs(f"{registry.host}/team/app:1", secret="")})
            flags = (
                "--registry",
                registry.host,
                "--registry-creds-env",
                "CREDS",
                "--check",
                "never",
            )
            assert fleet.run("registry", "add", *flags, env={"CREDS": old}).status == 0
            push(fleet)
            yield Place(fleet, registry, server, harbor, password, old)


def test_a_second_robot_is_minted_proven_and_written_and_the_first_deleted(place: Place) -> None:
    with Watch(place.user, place.password, own="MINTING") as watch:
        result = place.rotate("--push", "--confirmed", "clusters/prod")
    assert result.status == 0, result.printed
    assert (
        "pause         skipped   the credential that mints has no right to pause" in result.stdout
    )
    assert "the rotation is complete" in result.stdout
    user, _, secret = place.held().partition(":")
    assert user.startswith("robot$team+gitops-secrets-")
    assert place.harbor.secrets == {user: secret}
    assert "until they end: 1800 seconds" in result.stdout
    assert watch.leaks(result) == []
    assert secret not in result.printed


def test_what_was_minted_in_vain_is_deleted_and_the_old_robot_stays(place: Place) -> None:
    place.user.hook("pre-commit", "exit 1")
    result = place.rotate("--push", "--confirmed", "clusters/prod")
    assert result.status == 3, result.printed
    assert place.held() == place.old
    assert [f"{user}:{secret}" for user, secret in place.harbor.secrets.items()] == [place.old]


def test_a_robot_that_cannot_be_deleted_is_said_and_resume_goes_on(place: Place) -> None:
    place.harbor.fails["DELETE"] = 500
    failed = place.rotate("--push", "--confirmed", "clusters/prod")
    assert failed.status == 3, failed.printed
    assert "Harbor at" in failed.stderr
    assert len(place.harbor.secrets) == 2
    done = place.rotate("--push", "--confirmed", "clusters/prod", "--resume")
    assert done.status == 0, done.printed
    assert list(place.harbor.secrets) == [place.held().partition(":")[0]]


def test_the_minting_password_in_an_argument_is_no_option(place: Place) -> None:
    result = place.rotate("--endpoint", f"http://robot:{place.password}@{place.server.host}/team")
    assert (result.status, place.password in result.printed) == (2, False), result.printed


# -- the pause: an admin may disable robots

admin = pytest.mark.parametrize("place", ["admin"], indirect=True)
CONFIRMED = ("--push", "--confirmed", "clusters/prod")


def asked(place: Place) -> list[str]:
    """The methods of what was asked of single robots."""
    return [r.method for r in place.server.requests if "/robots/" in r.path and r.method != "GET"]


@admin
def test_the_old_robot_is_disabled_and_seen_to_be_refused_before_it_is_deleted(
    place: Place,
) -> None:
    result = place.rotate(*CONFIRMED)
    assert result.status == 0, result.printed
    assert "pause         done      Harbor paused 41: the registry refuses the old" in result.stdout
    assert "the rotation is complete" in result.stdout
    assert asked(place) == ["PUT", "DELETE"]


@admin
def test_a_paused_robot_can_be_taken_back_until_it_is_deleted(place: Place) -> None:
    user, _, secret = place.old.partition(":")
    first = place.rotate(*CONFIRMED, "--pause-after", "0d", "--revoke-after", "7d")
    assert first.status == 0, first.printed
    assert "the old credential is paused until" in first.stdout
    assert user not in place.harbor.secrets

    back = place.rotate("--reactivate")
    assert back.status == 0, back.printed
    assert "Harbor re-activated 41; robot$team+flux pulls" in back.stdout
    assert place.harbor.secrets[user] == secret
    assert "--reactivate" not in back.stdout.partition("to go on:")[2]

    done = place.rotate(*CONFIRMED, "--resume")
    assert done.status == 0, done.printed
    assert list(place.harbor.secrets) == [place.held().partition(":")[0]]
    assert asked(place) == ["PUT", "PUT", "PUT", "DELETE"]


@admin
def test_what_is_paused_already_is_not_paused_again(place: Place) -> None:
    place.rotate(*CONFIRMED, "--pause-after", "0d", "--revoke-after", "7d")
    done = place.rotate(*CONFIRMED, "--resume")
    assert done.status == 0, done.printed
    assert asked(place) == ["PUT", "DELETE"]


@admin
def test_that_a_paused_robot_is_refused_says_nothing_of_an_id_that_harbor_lacks(
    place: Place,
) -> None:
    place.rotate(*CONFIRMED, "--pause-after", "0d", "--revoke-after", "7d")
    result = place.rotate(*CONFIRMED, "--resume", "--revoke", "14")
    assert (result.status, asked(place)) == (3, ["PUT"]), result.printed
    assert (
        "Harbor lists no credential with the id 14: of this repository it lists 41" in result.stderr
    )


@admin
def test_a_pause_after_which_the_old_one_still_pulls_is_taken_back_and_nothing_deleted(
    place: Place,
) -> None:
    """As if the id were that of another credential."""
    place.harbor.is_deaf = True
    result = place.rotate(*CONFIRMED)
    assert (result.status, asked(place)) == (3, ["PUT", "PUT"]), result.printed
    assert "it was re-activated, and nothing was revoked" in result.stderr
    assert [r["disable"] for r in place.harbor.robots.values()] == [False, False]
    assert len(place.harbor.secrets) == 2


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--pause-after", "8d", "--revoke-after", "7d"), "the pause comes first"),
        (("--reactivate",), "no rotation whose old credential"),
    ],
)
@admin
def test_a_pause_that_makes_no_sense_is_refused(
    place: Place, flags: tuple[str, ...], words: str
) -> None:
    result = place.rotate(*flags)
    assert result.status in (2, 3), result.printed
    assert words in result.stderr
    assert len(place.harbor.robots) == 1
