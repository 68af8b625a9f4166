"""Docker Hub: personal access tokens with the right to read, each of which covers all repositories of its user.

The API is at hub.docker.com, and takes a bearer that it gives for user name and password, or for a token (Docker's
description of the Hub API, ``reference/api/hub/latest.yaml``). A list shows no part of a secret.
"""

from __future__ import annotations

from gitops_secrets.adapters.registries.api import UUID, Api, Reply, check_id, end_of, text
from gitops_secrets.adapters.registries.login import bearer
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.adapters.registries.providers import About
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.minted import Listed, Minted
from gitops_secrets.core.veiled import hold
from gitops_secrets.errors import UsageError

NAME = "Docker Hub"
ABOUT = About(
    mints="a personal access token of the user with the scope `repo:read`; `--endpoint https://hub.docker.com`",
    least="the user's own password, or a token of theirs; a password can do all that the user can, so give the robot a user "
    "of its own",
    expiry="as the answer says; none is asked for",
    tokens="not documented",
    pause="the token is deactivated",
    tried="a stand-in written from Docker's description of the API; never Docker Hub itself",
)
_TOKENS = "/v2/access-tokens"
_PAGE = 100
_MOST_PAGES = 100


class DockerHub:
    """The access tokens of the user who mints."""

    name = NAME
    kind = "dockerhub"

    def __init__(self, access: Access) -> None:
        self._access = access
        self._known: Api | None = None

    def list(self) -> list[Listed]:
        """Return the tokens of the user."""
        found: list[Listed] = []
        for page in range(1, _MOST_PAGES):
            query: dict[str, str | int] = {"page": page, "page_size": _PAGE}
            reply = self._api.ask("GET", _TOKENS, query=query)
            entries = reply.fields.get("results")
            if reply.status != 200 or not isinstance(entries, list):
                raise self._api.refused("list its tokens", reply)
            found += [
                Listed(
                    str(entry.get("uuid")),
                    str(entry.get("token_label")),
                    is_paused=entry.get("is_active") is False,
                )
                for entry in entries
                if isinstance(entry, dict)
            ]
            if not reply.fields.get("next"):
                break
        return found

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return a new token *name*: of the user who mints, whoever *user* is."""
        del user, ident
        body = {"token_label": name, "scopes": ["repo:read"]}
        reply = self._api.ask("POST", _TOKENS, body=body)
        number, secret = text(reply.fields, "uuid"), text(reply.fields, "token")
        if reply.status != 201 or number is None or secret is None:
            raise self._api.refused("mint a token", reply)
        end = end_of(reply.fields.get("expires_at"))
        return Minted(number, Credentials(self._access.credentials.username, secret), end)

    def revoke(self, ident: str) -> None:
        """Delete the token *ident*."""
        path = _path(ident)
        self._api.delete(path, f"the token {ident}", 204)

    def pause(self, ident: str) -> None:
        """Deactivate the token *ident*."""
        self._set_active(ident, active=False)

    def reactivate(self, ident: str) -> None:
        """Activate the token *ident* again."""
        self._set_active(ident, active=True)

    def _set_active(self, ident: str, *, active: bool) -> None:
        path = _path(ident)
        reply = self._api.ask("PATCH", path, body={"is_active": active})
        if reply.status != 200:
            raise self._api.refused(f"{'activate' if active else 'deactivate'} {ident}", reply)

    @property
    def _api(self) -> Api:
        """The API with a bearer, which is asked for once and held in memory alone."""
        if self._known is None:
            self._known = Api(self._access, NAME, bearer(self._token()))
        return self._known

    def _token(self) -> str:
        minting = self._access.credentials
        api = Api(self._access, NAME, {})
        body = {"identifier": minting.username, "secret": minting.password}
        reply: Reply = api.ask("POST", "/v2/auth/token", body=body)
        token = text(reply.fields, "access_token")
        if reply.status != 200 or token is None:
            raise api.refused("log in", reply)
        hold(token)
        return token


def open_minter(access: Access) -> DockerHub:
    """Return what mints by *access*. Raises UsageError if that names the registry, where the API is not."""
    if access.origin.host == "docker.io" or access.origin.host.endswith(".docker.io"):
        raise UsageError(
            "the API of Docker Hub is not at its registry", "--endpoint https://hub.docker.com"
        )
    return DockerHub(access)


def _path(ident: str) -> str:
    check_id(ident, UUID, f"a token of {NAME}")
    return f"{_TOKENS}/{ident}"
