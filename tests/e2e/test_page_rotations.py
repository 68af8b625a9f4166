"""The commands of docs/rotation.md that need a cluster that runs Flux, or an API that mints.

Gitea is the real one. Harbor's API is a stand-in, beside a real registry.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.test_doctor_images import runs
from tests.e2e.gitea import Gitea
from tests.e2e.hints.live import Living
from tests.e2e.tools.build import Binaries
from tests.support.fleet import FILES, push
from tests.support.providers import Harbor
from tests.support.secrets import mixed
from tests.support.tunnel import Tunnel
from tests.support.user import PROGRAM, User
from tests.support.webserver import Reply, Request, WebServer
from tests.system.hints.bases import NAME, PASSWORD
from tests.system.hints.site import MINTING, Servers
from tests.system.registries import Authority, basic
from tests.system.registries import push as push_image
from tests.system.robots import mint_robot

HOST = "registry.example.com:5000"
IMAGE = f"{HOST}/team/app:1"
PULL = [
    {
        "kind": "project",
        "namespace": "team",
        "access": [{"resource": "repository", "action": "pull"}],
    }
]


class Rotated:
    """Types commands in the repository of a cluster whose pull Secret has a credential of the registry."""

    def __init__(self, user: Living, servers: Servers, folder: Path, credentials: str) -> None:
        self._user = user
        folder.mkdir()
        mint_robot(folder, servers.users_file)
        self._env = {
            **servers.env,
            "NO_PROXY": "127.0.0.1",
            "SSL_CERT_FILE": str(servers.authority.file),
            "MINTING_CREDS": MINTING,
            "AGE_IDENTITY_FILE": str(next(user.home.rglob("prod.agekey"))),
            "PATH": f"{folder}:{user.env['PATH']}",
            "OLD_CREDS": credentials,
        }
        user.commit({"clusters/prod/app.yaml": runs(IMAGE, secret="", namespace="default")})
        self.types(f"gitops-secrets registry add --registry {HOST} --registry-creds-env OLD_CREDS")
        user.flux.wait_ready("pull-secrets", revision=user.push())

    def types(self, command: str) -> str:
        """Type *command*, which has to succeed; return what it prints."""
        return self._user.types(command, **self._env)

    def wait_for_flux(self) -> None:
        """Wait until Flux has applied the last commit."""
        commit = self._user.git("rev-parse", "HEAD").strip()
        self._user.flux.wait_ready("pull-secrets", revision=commit)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def healed(living: Living, servers: Servers) -> Iterator[Living]:
    servers.reset()
    try:
        yield living
    finally:
        living.heal()


@pytest.fixture
def of_harbor(healed: Living, servers: Servers, tmp_path: Path) -> Rotated:
    """The pull Secret has a robot of Harbor."""
    harbor = Harbor(NAME, PASSWORD)
    old = harbor.make("flux", PULL)
    servers.vend(harbor.answer, lambda: harbor.secrets)
    return Rotated(healed, servers, tmp_path / "bin", f"{old['name']}:{old['secret']}")


def test_a_rotation_goes_on_when_the_cluster_has_the_credential(
    healed: Living, servers: Servers, tmp_path: Path
) -> None:
    servers.know({"robot-a": "another-password"})
    rotated = Rotated(healed, servers, tmp_path / "bin", "robot-a:another-password")
    rotated.types(
        "gitops-secrets registry rotate --registry registry.example.com:5000 --exec 'mint-robot --project team' --push"
    )
    rotated.wait_for_flux()
    done = rotated.types(
        "gitops-secrets registry rotate --registry registry.example.com:5000 --exec 'mint-robot --project team' --resume --context prod"
    )
    assert "clusters/prod applied it, as its cluster says" in done
    assert "the rotation is complete" in done


def test_a_paused_credential_is_taken_back(of_harbor: Rotated) -> None:
    command = "gitops-secrets registry rotate --registry registry.example.com:5000 --provider harbor --endpoint https://registry.example.com:5000/team --minting-creds-env MINTING_CREDS --reactivate"
    days = "--push --confirmed clusters/prod --pause-after 0d --revoke-after 7d"
    begun = of_harbor.types(command.replace("--reactivate", days))
    assert "the old credential is paused until" in begun
    taken = of_harbor.types(command)
    assert f"Harbor re-activated 41; robot$team+flux pulls {IMAGE}" in taken


def test_a_job_of_each_night_goes_on_with_a_rotation(of_harbor: Rotated) -> None:
    command = 'gitops-secrets registry rotate --registry registry.example.com:5000 --due 14d --revoke-after 7d --provider harbor --endpoint https://registry.example.com:5000/team --minting-creds-env MINTING_CREDS --age-identity-file "$AGE_IDENTITY_FILE" --push --context prod'
    assert "nothing in Git says when the credential" in of_harbor.types(command)
    of_harbor.types(command.replace("--due 14d", "").replace("--context prod", ""))
    of_harbor.wait_for_flux()
    night = of_harbor.types(command)
    assert "clusters/prod applied it, as its cluster says" in night


@pytest.fixture
def gitea(binaries: Binaries, tmp_path: Path) -> Iterator[Gitea]:
    with Gitea(binaries, tmp_path / "gitea", mixed()) as running:
        push_image(running.registry, "robot/app", "1", basic("robot", running.password))
        yield running


def test_gitea_mints(gitea: Gitea, tmp_path: Path) -> None:
    """It is reached by the name of the page, over TLS."""
    made = gitea.api("POST", "/users/robot/tokens", {"name": "flux", "scopes": ["read:package"]})
    user = User(tmp_path / "user")
    authority = Authority(tmp_path)

    def passed_on(request: Request) -> Reply:
        headers = {**request.headers, "X-Forwarded-Proto": "https"}
        url = f"{gitea.registry.url}{request.path}"
        found = httpx.request(
            request.method, url, headers=headers, content=request.body, trust_env=False
        )
        kept = ("Content-Type", "Docker-Content-Digest", "WWW-Authenticate")
        return Reply(
            found.status_code,
            [(name, found.headers[name]) for name in kept if name in found.headers],
            found.content,
        )

    with (
        WebServer(passed_on, authority.context("git.example.com")) as server,
        Tunnel({"git.example.com:443": server.port}) as tunnel,
    ):
        user.env |= {"HTTPS_PROXY": tunnel.url, "SSL_CERT_FILE": str(authority.file)}
        user.env |= {"MINTING_CREDS": f"robot:{gitea.password}"}
        user.env["PATH"] = f"{PROGRAM.parent}:{user.env['PATH']}"
        image = {"clusters/prod/app.yaml": runs("git.example.com/robot/app:1", secret="")}
        user.commit({**FILES, **image})
        done = user.run(
            *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred"),
            *("--registry", "git.example.com", "--registry-creds-env", "CREDS"),
            env={"CREDS": f"robot:{made['sha1']}"},
        )
        assert done.status == 0, done.printed
        push(user)
        command = "gitops-secrets registry rotate --registry git.example.com --provider gitea --minting-creds-env MINTING_CREDS --push"
        done = user.program(["bash", "-c", command])
    assert done.status == 0, done.printed
    assert "robot pulls git.example.com/robot/app:1" in done.stdout
    assert len(gitea.tokens()) == 2
