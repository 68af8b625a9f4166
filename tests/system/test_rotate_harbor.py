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
            env={"MINTING": f"robot$minting:{self.password}"},
        )

    def held(self) -> str:
        return self.user.credentials(SECRET)[self.registry.host]


@pytest.fixture
def place(fleet: User, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("harbor")
    password, pushing = mixed(), mixed()
    harbor = Harbor("robot$minting", password)
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
