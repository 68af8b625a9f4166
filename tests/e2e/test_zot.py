"""registry check and registry rotate with zot itself: passwords of a file, and API keys.

It runs if GITOPS_SECRETS_ZOT names a zot program, and is no part of ``make e2e``: Go's module proxies need not
have zot. CONTRIBUTING.md says how to build it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.zot import Zot
from tests.support.documents import read
from tests.support.fleet import FILES
from tests.support.fleet import push as push_main
from tests.support.leaks import Watch
from tests.support.secrets import mixed
from tests.support.user import Result, User
from tests.system.registries import OCI, basic, push

SECRET = "pull-secrets/prod/regcred.sops.yaml"
MINTING = "MINTING"


@pytest.fixture(scope="module")
def zot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zot]:
    program = Path(os.environ["GITOPS_SECRETS_ZOT"])
    with Zot(program, tmp_path_factory.mktemp("zot") / "work", mixed()) as running:
        push(running.registry, "team/app", "1", basic("robot", running.password))
        yield running


class Fleet:
    """A repository whose pull Secret has *password* for robot at zot."""

    def __init__(self, zot: Zot, folder: Path, password: str) -> None:
        self.zot, self.user, self.host = zot, User(folder), zot.registry.host
        self.user.commit(FILES)
        flags = ("--image-pull-secret", "regcred", "--registry", self.host)
        done = self.user.run(
            *("bootstrap", "--path", "clusters/prod", *flags, "--registry-creds-env", "CREDS"),
            env={"CREDS": f"robot:{password}"},
        )
        assert done.status == 0, done.printed
        push_main(self.user)

    def check(self) -> Result:
        image = f"{self.host}/team/app:1"
        return self.user.run("registry", "check", image, "--plain-http", self.host, "--json")

    def rotate(self, *flags: str) -> Result:
        where = ("--registry", self.host, "--plain-http", self.host, "--provider", "zot")
        return self.user.run(
            *("registry", "rotate", *where, "--minting-creds-env", MINTING),
            *("--image", f"{self.host}/team/app:1", "--push", "--confirmed", "clusters/prod"),
            *flags,
            env={MINTING: f"robot:{self.zot.password}"},
        )

    def held(self) -> str:
        return self.user.credentials(SECRET)[self.host].partition(":")[2]

    def pulls(self, password: str) -> bool:
        answer = httpx.get(
            f"{self.zot.registry.url}/v2/team/app/manifests/1",
            headers={"Authorization": basic("robot", password), "Accept": OCI},
            trust_env=False,
        )
        return answer.status_code == 200


def test_check_tells_the_right_password_and_a_wrong_one_apart(zot: Zot, tmp_path: Path) -> None:
    right = Fleet(zot, tmp_path / "right", zot.password).check()
    wrong = Fleet(zot, tmp_path / "wrong", mixed()).check()
    (proven,) = read("registry-check", right.stdout)["credentials"]
    (refused,) = read("registry-check", wrong.stdout)["credentials"]
    assert (right.status, proven["verdict"]) == (0, "proven"), right.printed
    assert (wrong.status, refused["verdict"]) == (1, "refused"), wrong.printed
    assert refused["reason"] == "wrong-password"


def test_two_rotations_go_from_mint_to_revoke_and_nothing_leaks(zot: Zot, tmp_path: Path) -> None:
    """The first key was made by hand, and zot does not say which one the Secret holds: it is named."""
    ident, old = zot.mint("by hand")
    fleet = Fleet(zot, tmp_path, old)
    assert fleet.pulls(old)

    with Watch(fleet.user, zot.password, own=MINTING) as watch:
        first = fleet.rotate("--revoke", ident)

    assert first.status == 0, first.printed
    assert "the rotation is complete" in first.stdout
    new = fleet.held()
    assert (new != old, fleet.pulls(new), fleet.pulls(old)) == (True, True, False)
    (left,) = zot.keys().values()
    assert left.startswith("gitops-secrets-")
    assert not any(secret in first.printed for secret in (new, old, zot.password))
    assert watch.leaks(first) == []

    second = fleet.rotate()
    assert second.status == 0, second.printed
    assert (fleet.held() != new, fleet.pulls(fleet.held()), fleet.pulls(new)) == (True, True, False)
    assert len(zot.keys()) == 1
