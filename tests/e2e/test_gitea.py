"""registry rotate with Gitea, from mint to revoke with no stand-in: registry, token API and Git host are one server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.gitea import Gitea
from tests.e2e.tools.build import Binaries
from tests.support.fleet import FILES
from tests.support.leaks import Watch
from tests.support.secrets import mixed
from tests.support.user import Result, User
from tests.system.registries import OCI, basic, push

SECRET = "pull-secrets/prod/regcred.sops.yaml"


@pytest.fixture(scope="module")
def gitea(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    with Gitea(binaries, tmp_path_factory.mktemp("gitea") / "work", mixed()) as running:
        push(running.registry, "robot/app", "1", basic("robot", running.password))
        yield running


class Fleet:
    """A repository at Gitea whose Secret holds a token of robot's that can read packages."""

    def __init__(self, gitea: Gitea, folder: Path, name: str) -> None:
        self.gitea, self.user = gitea, User(folder)
        made = gitea.api("POST", "/users/robot/tokens", {"name": name, "scopes": ["read:package"]})
        self.name, self.ident, self.old = name, str(made["id"]), made["sha1"]
        gitea.api("POST", "/user/repos", {"name": name, "private": True})
        host = gitea.registry.host
        self.user.commit(FILES)
        # A helper has the password: in the address, Git would show it to the process list.
        store = folder / "git-credentials"
        store.write_text(f"http://robot:{gitea.password}@{host}\n")
        self.user.git("config", "--global", "credential.helper", f"store --file={store}")
        self.user.git("remote", "add", "origin", f"http://{host}/robot/{name}.git")
        flags = (
            "--image-pull-secret",
            "regcred",
            "--registry",
            host,
            "--registry-creds-env",
            "CREDS",
        )
        done = self.user.run(
            *("bootstrap", "--path", "clusters/prod", *flags),
            env={"CREDS": f"robot:{self.old}"},
        )
        assert done.status == 0, done.printed
        self.user.git("push", "--quiet", "--set-upstream", "origin", "main")

    def rotate(self, *flags: str, password: str | None = None) -> Result:
        host = self.gitea.registry.host
        return self.user.run(
            *(
                "registry",
                "rotate",
                "--registry",
                host,
                "--plain-http",
                host,
                "--provider",
                "gitea",
            ),
            *("--minting-creds-env", "MINTING", "--image", f"{host}/robot/app:1", *flags),
            env={"MINTING": f"robot:{password or self.gitea.password}"},
        )

    def held(self) -> str:
        return self.user.credentials(SECRET)[self.gitea.registry.host].partition(":")[2]

    def pulls(self, token: str) -> bool:
        """Whether a fresh exchange of *token* gets the manifest."""
        url = self.gitea.registry.url
        asked = {"service": "container_registry", "scope": "repository:robot/app:pull"}
        exchange = httpx.get(
            f"{url}/v2/token",
            params=asked,
            headers={"Authorization": basic("robot", token)},
            trust_env=False,
        )
        if exchange.status_code != 200:
            return False
        headers = {"Authorization": f"Bearer {exchange.json()['token']}", "Accept": OCI}
        answer = httpx.get(f"{url}/v2/robot/app/manifests/1", headers=headers, trust_env=False)
        return answer.status_code == 200


@pytest.fixture
def fleet(gitea: Gitea, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    made = Fleet(gitea, tmp_path, f"fleet-{abs(hash(request.node.name)) % 10_000}")
    yield made
    for token in gitea.api("GET", "/users/robot/tokens"):
        gitea.api("DELETE", f"/users/robot/tokens/{token['id']}")


def test_one_run_goes_from_mint_to_revoke_and_nothing_leaks(fleet: Fleet) -> None:
    assert fleet.pulls(fleet.old)
    with Watch(fleet.user, fleet.gitea.password, own="MINTING") as watch:
        result = fleet.rotate("--push", "--confirmed", "clusters/prod")
    assert result.status == 0, result.printed
    assert "the rotation is complete" in result.stdout
    new = fleet.held()
    assert (new != fleet.old, fleet.pulls(new), fleet.pulls(fleet.old)) == (True, True, False)
    (left,) = fleet.gitea.tokens()
    assert left.startswith("gitops-secrets-")
    assert not any(secret in result.printed for secret in (new, fleet.old, fleet.gitea.password))
    assert watch.leaks(result) == []
    assert "until they end: 86400 seconds" in result.stdout


def test_nothing_is_revoked_before_it_is_confirmed_and_the_printed_command_goes_on(
    fleet: Fleet,
) -> None:
    first = fleet.rotate("--push")
    assert first.status == 0, first.printed
    assert "to go on:" in first.stdout
    assert (fleet.pulls(fleet.old), fleet.pulls(fleet.held())) == (True, True)
    done = fleet.rotate("--push", "--resume", "--confirmed", "clusters/prod")
    assert done.status == 0, done.printed
    assert (fleet.pulls(fleet.old), fleet.pulls(fleet.held())) == (False, True)


def test_a_wrong_password_mints_nothing_and_says_why(fleet: Fleet) -> None:
    before, tokens = fleet.user.state(), fleet.gitea.tokens()
    refused = fleet.rotate("--push", password="not-the-password")
    assert (refused.status, fleet.user.state()) == (3, before), refused.printed
    assert "Gitea at" in refused.stderr
    assert "it refuses the credential that mints" in refused.stderr
    assert fleet.gitea.tokens() == tokens
    assert fleet.pulls(fleet.old)


def test_what_was_minted_in_vain_is_revoked_again(fleet: Fleet) -> None:
    """A hook refuses the commit: the new token goes, the old one stays."""
    tokens = fleet.gitea.tokens()
    fleet.user.hook("pre-commit", "exit 1")
    failed = fleet.rotate("--push", "--confirmed", "clusters/prod")
    assert failed.status == 3, failed.printed
    assert "was revoked again; the old one is as it was" in failed.printed
    assert fleet.gitea.tokens() == tokens
    assert (fleet.held(), fleet.pulls(fleet.old)) == (fleet.old, True)
