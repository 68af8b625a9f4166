"""The APIs of vendors whose servers cannot be had here, against stand-ins written from what the vendors publish."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gitops_secrets.adapters.registries.minter import Access, Minter, Pauser
from gitops_secrets.adapters.registries.providers import open_minter
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.realm import Origin
from gitops_secrets.errors import GitOpsSecretsError, UsageError
from tests.cli.test_provider_stand_ins import NAME, REFUSALS, SECRET, minter
from tests.support.secrets import mixed
from tests.support.vendors.acr import PATH, Acr
from tests.support.vendors.artifactory import Artifactory
from tests.support.vendors.dockerhub import DockerHub
from tests.support.vendors.nexus import Nexus
from tests.support.vendors.quay import Quay
from tests.support.vendors.zot import Zot
from tests.support.webserver import WebServer

PATHS = {"quay": "team", "acr": PATH}
VENDORS = ("acr", "artifactory", "dockerhub", "nexus", "quay", "zot")


def check_cycle(asked: Minter, user: str, ident: str | None) -> Credentials:
    """Mint, see it in the list by its name, revoke it twice; return what was minted."""
    before = {one.ident for one in asked.list()}
    minted = asked.mint(NAME, user, ident)
    assert [one.ident for one in asked.list() if one.name == NAME] == [minted.ident]
    assert minted.ident not in before
    assert minted.expires is None
    asked.revoke(str(minted.ident))
    asked.revoke(str(minted.ident))
    assert {one.ident for one in asked.list()} == before, "nothing else was revoked"
    return minted.credentials


def check_pause(asked: Minter, ident: str) -> None:
    assert isinstance(asked, Pauser)
    asked.pause(ident)
    assert [one.is_paused for one in asked.list() if one.ident == ident] == [True]
    asked.reactivate(ident)
    assert [one.is_paused for one in asked.list() if one.ident == ident] == [False]


# -- Docker Hub


@pytest.fixture
def hub() -> Iterator[tuple[DockerHub, Minter]]:
    password = mixed()
    standin = DockerHub("robot", password)
    with WebServer(standin.answer) as server:
        yield standin, minter("dockerhub", server, "", "robot", password)


def test_a_token_of_docker_hub_is_minted_deactivated_and_deleted(
    hub: tuple[DockerHub, Minter],
) -> None:
    _, asked = hub
    assert check_cycle(asked, "robot", None).username == "robot"
    check_pause(asked, str(asked.mint(NAME, "robot", None).ident))


def test_docker_hub_lists_more_tokens_than_a_page_has(hub: tuple[DockerHub, Minter]) -> None:
    _, asked = hub
    for number in range(101):
        asked.mint(f"token-{number}", "robot", None)
    assert len(asked.list()) == 101


def test_docker_hub_says_by_a_moment_when_it_may_be_asked_again(
    hub: tuple[DockerHub, Minter],
) -> None:
    standin, asked = hub
    standin.is_busy = True
    with pytest.raises(GitOpsSecretsError, match=r"asked too often, again in (8\d|90) seconds"):
        asked.list()


def test_the_api_of_docker_hub_is_not_at_its_registry() -> None:
    access = Access(Origin("https", "index.docker.io", 443), "", Credentials("robot", mixed()))
    with pytest.raises(UsageError, match="not at its registry") as refused:
        open_minter("dockerhub", access)
    assert refused.value.hints == ("--endpoint https://hub.docker.com",)


# -- Artifactory


def test_a_token_of_artifactory_has_no_end_and_can_be_revoked() -> None:
    admin = mixed()
    standin = Artifactory(admin)
    with WebServer(standin.answer) as server:
        asked = minter("artifactory", server, "", "anybody", admin)
        made = check_cycle(asked, "robot", None)
        assert (made.username, len(made.password)) == ("robot", 64), "the reference token"
        standin.has_references = False
        assert len(asked.mint(NAME, "robot", None).credentials.password) == 300
        # The administrator lets none live longer than four hours: it is noted, and can be revoked all the same.
        standin.longest = 4 * 3600
        short = asked.mint(NAME, "robot", None)
        assert short.expires is not None
        asked.revoke(str(short.ident))
        assert short.ident not in standin.tokens


# -- Quay


@pytest.fixture
def quay() -> Iterator[tuple[Quay, Minter]]:
    token = mixed()
    standin = Quay(token)
    with WebServer(standin.answer) as server:
        yield standin, minter("quay", server, "team", "anybody", token)


def test_a_second_robot_of_quay_may_read_what_the_first_may(quay: tuple[Quay, Minter]) -> None:
    standin, asked = quay
    old = standin.make("flux", "app", "web")
    made = check_cycle(asked, old, old)
    rights = {
        repository: role
        for (robot, repository), role in standin.roles.items()
        if robot == made.username
    }
    assert rights == {"app": "read", "web": "read"}


def test_a_robot_of_quay_without_a_right_of_its_own_has_no_second_one(
    quay: tuple[Quay, Minter],
) -> None:
    standin, asked = quay
    old = standin.make("flux")
    with pytest.raises(GitOpsSecretsError, match="no permission of its own"):
        asked.mint(NAME, old, old)
    with pytest.raises(UsageError, match="whose id is not known"):
        asked.mint(NAME, old, None)
    assert list(standin.robots) == [old], "nothing was made"


def test_a_robot_of_quay_that_gets_no_right_is_found_by_its_name(quay: tuple[Quay, Minter]) -> None:
    standin, asked = quay
    old = standin.make("flux", "app")
    standin.refuses_roles = True
    with pytest.raises(GitOpsSecretsError, match="let the new robot read app"):
        asked.mint(NAME, old, old)
    assert [one.name for one in asked.list()] == ["", NAME]


# -- Nexus


def test_a_second_user_of_nexus_has_the_roles_of_the_first() -> None:
    password = mixed()
    standin = Nexus("minter", password)
    standin.make("flux-2", "nx-admin")
    standin.make("flux", "pulls")
    with WebServer(standin.answer) as server:
        asked = minter("nexus", server, "", "minter", password)
        made = asked.mint(NAME, "flux", "flux")
        assert standin.users[NAME]["roles"] == ["pulls"], (
            "of this one, not of a name that begins so"
        )
        assert made.credentials == Credentials(NAME, standin.passwords[NAME])
        asked.revoke(NAME)
        check_cycle(asked, "flux", "flux")
        check_pause(asked, "flux")
        with pytest.raises(GitOpsSecretsError, match="has no user nobody"):
            asked.mint(NAME, "nobody", "nobody")


# -- zot


def test_a_key_of_zot_is_minted_and_deleted() -> None:
    password = mixed()
    standin = Zot("robot", password)
    with WebServer(standin.answer) as server:
        made = check_cycle(minter("zot", server, "", "robot", password), "robot", None)
    assert made.username == "robot"
    assert made.password.startswith("zak_")


# -- Azure Container Registry


@pytest.fixture
def acr(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Acr, Minter]]:
    monkeypatch.setattr("gitops_secrets.adapters.registries.providers.acr._PAUSE", 0.01)
    bearer = mixed()
    standin = Acr(bearer)
    with WebServer(standin.answer) as server:
        standin.host = server.host
        yield standin, minter("acr", server, PATH, "anybody", bearer)


def test_the_free_password_is_filled_and_the_other_one_stays(acr: tuple[Acr, Minter]) -> None:
    standin, asked = acr
    standin.passwords = {"password1": mixed()}
    before = dict(standin.passwords)
    assert check_cycle(asked, "flux", "password1").username == "flux"
    assert standin.passwords == before
    second = asked.mint(NAME, "flux", "password1")
    assert second.credentials == Credentials("flux", standin.passwords["password2"])
    asked.revoke("password1")
    assert list(standin.passwords) == ["password2"]


def test_a_password_that_is_there_is_never_made_anew(acr: tuple[Acr, Minter]) -> None:
    standin, asked = acr
    standin.passwords = {"password1": mixed(), "password2": mixed()}
    before = dict(standin.passwords)
    with pytest.raises(GitOpsSecretsError, match="both passwords of the token flux are there"):
        asked.mint(NAME, "flux", "password1")
    assert standin.passwords == before


def test_the_bearer_goes_to_no_address_that_an_answer_names(acr: tuple[Acr, Minter]) -> None:
    standin, asked = acr
    standin.host = "127.0.0.1:1"
    with pytest.raises(GitOpsSecretsError, match="say where its answer will be"):
        asked.mint(NAME, "flux", None)


# -- all of them


@pytest.mark.parametrize("provider", VENDORS)
@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_says_why_and_repeats_nothing_of_the_answer(provider: str, what: str) -> None:
    reply, words = REFUSALS[what]
    with WebServer(reply) as server:
        asked = minter(provider, server, PATHS.get(provider, ""), "robot", SECRET)
        with pytest.raises(GitOpsSecretsError) as refused:
            asked.list()
    said = " ".join([refused.value.message, *refused.value.hints])
    assert words in said
    assert SECRET not in said
    assert len(server.requests) == 1, "nothing is asked twice"


@pytest.mark.parametrize("provider", VENDORS)
def test_only_the_id_of_a_credential_is_revoked(provider: str) -> None:
    with WebServer(REFUSALS["no right"][0]) as server:
        asked = minter(provider, server, PATHS.get(provider, ""), "robot", mixed())
        with pytest.raises(GitOpsSecretsError, match="is not the id"):
            asked.revoke("../41")
    assert all(request.method == "POST" for request in server.requests)


@pytest.mark.parametrize(
    ("provider", "path"), [("quay", ""), ("quay", "a/b"), ("acr", "tokens/flux")]
)
def test_a_place_has_to_be_named(provider: str, path: str) -> None:
    access = Access(Origin("https", "registry.example.com", 443), path, Credentials("u", mixed()))
    with pytest.raises(UsageError, match="--provider"):
        open_minter(provider, access)
