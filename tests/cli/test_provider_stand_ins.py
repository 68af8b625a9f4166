"""The APIs of Harbor and GitLab, against stand-ins: minted, listed, revoked, and told apart when they refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from gitops_secrets.adapters.registries.minter import Access, Minter, Rememberer
from gitops_secrets.adapters.registries.providers import open_minter
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.proof import Means
from gitops_secrets.core.registry.realm import Trust, parse_endpoint
from gitops_secrets.errors import GitOpsSecretsError, UsageError
from tests.support.providers import GitLab, Harbor, answer
from tests.support.secrets import mixed
from tests.support.webserver import Reply, Request, WebServer

NAME = "gitops-secrets-fleet-registry-example-com-20261127-0123abcd"


def minter(provider: str, server: WebServer, path: str, user: str, password: str) -> Minter:
    trust = Trust(plain=frozenset({server.host}))
    origin, behind = parse_endpoint(f"http://{server.host}/{path}", trust)
    means = Means(trust, None, 5.0)
    return open_minter(provider, Access(origin, behind, Credentials(user, password), means))


def test_a_second_robot_of_harbor_has_the_permissions_of_the_first() -> None:
    password = mixed()
    harbor = Harbor("robot$minting", password)
    pull = [
        {
            "kind": "project",
            "namespace": "team",
            "access": [{"resource": "repository", "action": "pull"}],
        }
    ]
    old = harbor.make("flux", pull)
    with WebServer(harbor.answer) as server:
        team = minter("harbor", server, "team", "robot$minting", password)
        assert [(one.ident, one.name, one.user) for one in team.list()] == [
            ("41", "flux", "robot$team+flux")
        ]
        minted = team.mint(NAME, old["name"], "41")
        assert minted.credentials == Credentials(
            f"robot$team+{NAME}", harbor.secrets[f"robot$team+{NAME}"]
        )
        assert (minted.ident, minted.expires, minted.token_seconds) == ("42", None, 1800)
        assert harbor.robots[42]["permissions"] == pull
        assert [one.name for one in team.list()] == ["flux", NAME]
        team.revoke("41")
        team.revoke("41")
        assert list(harbor.robots) == [42]


def test_a_robot_without_a_known_one_before_it_may_pull_from_the_project_alone() -> None:
    password = mixed()
    harbor = Harbor("admin", password)
    with WebServer(harbor.answer) as server:
        minted = minter("harbor", server, "team", "admin", password).mint(
            NAME, "robot$team+x", None
        )
        access = harbor.robots[int(minted.ident or 0)]["permissions"][0]["access"]
        assert access == [{"resource": "repository", "action": "pull"}]
        with pytest.raises(UsageError, match="permissions of the old one"):
            minter("harbor", server, "", "admin", password).mint(NAME, "robot$x", None)


def test_the_end_of_a_robot_is_that_of_the_answer() -> None:
    password = mixed()
    harbor = Harbor("admin", password)
    old = harbor.make("flux", [{"kind": "project", "namespace": "team", "access": []}])
    harbor.robots[old["id"]]["duration"] = 30
    with WebServer(harbor.answer) as server:
        minted = minter("harbor", server, "team", "admin", password).mint(NAME, "x", str(old["id"]))
    assert minted.expires == "2033-05-18T03:33:20+00:00"


def test_a_deploy_token_of_gitlab_has_the_user_name_of_the_answer() -> None:
    token = mixed()
    gitlab = GitLab(token)
    with WebServer(gitlab.answer) as server:
        app = minter("gitlab", server, "group/app", "anybody", token)
        first = app.mint("flux", "x", None)
        minted = app.mint(NAME, "x", first.ident)
        assert minted.credentials == Credentials(
            "gitlab+deploy-token-12", gitlab.tokens[12]["token"]
        )
        assert [(one.ident, one.user) for one in app.list()] == [
            ("11", "gitlab+deploy-token-11"),
            ("12", "gitlab+deploy-token-12"),
        ]
        app.revoke("11")
        app.revoke("11")
        assert list(gitlab.tokens) == [12]
        assert all(r.headers.get("Authorization") is None for r in server.requests)


def test_gitlab_still_knows_what_was_revoked_on_its_pages_and_not_what_its_api_deleted() -> None:
    token = mixed()
    gitlab = GitLab(token)
    with WebServer(gitlab.answer) as server:
        app = minter("gitlab", server, "group/app", "anybody", token)
        for name in ("flux", "deleted", NAME):
            app.mint(name, "x", None)
        gitlab.tokens[11]["revoked"] = True
        app.revoke("12")
        assert [one.ident for one in app.list()] == ["13"]
        assert isinstance(app, Rememberer)
        assert app.revoked() == ["11"]


@pytest.mark.parametrize("path", ["", "app", "groups"])
def test_gitlab_needs_a_project_or_a_group(path: str) -> None:
    with (
        WebServer(lambda _: answer(200)) as server,
        pytest.raises(UsageError, match="project or the group"),
    ):
        minter("gitlab", server, path, "u", mixed())


def endless() -> Iterable[bytes]:
    while True:
        yield b"x" * 65536


SECRET = mixed()
REFUSALS: dict[str, tuple[Callable[[Request], Reply], str]] = {
    "wrong password": (lambda _: answer(401, {"secret": SECRET}), "it refuses the credential that mints"),
    "no right": (lambda _: answer(403, {"secret": SECRET}), "has no right to it"),
    "too often": (lambda _: answer(429, {"secret": SECRET}), "asked too often"),
    "broken": (lambda _: answer(500, {"secret": SECRET}), "status 500"),
    "elsewhere": (lambda _: Reply(302, [("Location", "http://127.0.0.1:1/")]), "status 302"),
    "no list": (lambda _: answer(200, {"robots": SECRET}), "status 200"),
    "not JSON": (lambda _: Reply(200, (), SECRET.encode()), "status 200"),
    "endless": (lambda _: Reply(200, (), endless()), "did not answer (too-large)"),
}  # fmt: skip


@pytest.mark.parametrize("provider", ["gitea", "harbor", "gitlab"])
@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_says_why_and_repeats_nothing_of_the_answer(provider: str, what: str) -> None:
    reply, words = REFUSALS[what]
    with WebServer(reply) as server:
        path = {"gitlab": "group/app"}.get(provider, "")
        asked = minter(provider, server, path, "robot", SECRET)
        with pytest.raises(GitOpsSecretsError) as refused:
            asked.list()
    said = " ".join([refused.value.message, *refused.value.hints])
    assert words in said
    assert SECRET not in said
    assert len(server.requests) == 1, "nothing is asked twice"


@pytest.mark.parametrize("provider", ["gitea", "harbor", "gitlab"])
def test_only_the_id_of_a_credential_is_revoked(provider: str) -> None:
    with WebServer(lambda _: answer(204)) as server:
        path = {"gitlab": "group/app"}.get(provider, "")
        asked = minter(provider, server, path, "robot", mixed())
        with pytest.raises(GitOpsSecretsError, match="is not the id"):
            asked.revoke("../41")
    assert server.requests == []
