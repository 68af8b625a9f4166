"""Gitea and Forgejo: access tokens of one user, each with the right to read packages and no other.

The API for tokens takes a user name and a password alone (Gitea 1.26: a token as password needs the scope
``write:user``). A token has no end, and a list shows its last eight characters, by which it is found.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from gitops_secrets.adapters.registries.api import NUMBER, Api, check_id
from gitops_secrets.adapters.registries.login import basic
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.adapters.registries.providers import About
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.minted import Listed, Minted

NAME = "Gitea"
ABOUT = About(
    mints="an access token of the user with the scope `read:package`",
    least="the user's own password, or a token with the scope `write:user`; both can mint tokens with every right of that "
    "user, so give the robot a user of its own",
    expiry="none: Gitea takes no end for a token",
    tokens="24 hours, in Gitea's code",
    pause="none: Gitea only deletes tokens",
    tried="Gitea 1.26.0 itself, by the tests of this project",
)
_SCOPES = ["read:package"]
_TOKEN_SECONDS = 24 * 60 * 60


class Gitea:
    """The tokens of the user who mints."""

    name = NAME
    kind = "gitea"

    def __init__(self, access: Access) -> None:
        self._user = access.credentials.username
        self._api = Api(access, NAME, basic(access.credentials))
        self._path = f"/api/v1/users/{quote(self._user, safe='')}/tokens"

    def list(self) -> list[Listed]:
        """Return the tokens of the user."""
        return [_listed(entry) for entry in self._api.pages(self._path, {}, "limit")]

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return a new token *name*: of the user who mints, whoever *user* is."""
        del user, ident
        reply = self._api.ask("POST", self._path, body={"name": name, "scopes": _SCOPES})
        content = reply.content if isinstance(reply.content, dict) else {}
        number, secret = content.get("id"), content.get("sha1")
        if (
            reply.status != 201
            or not isinstance(number, int)
            or not isinstance(secret, str)
            or not secret
        ):
            raise self._api.refused("mint a token", reply)
        return Minted(str(number), Credentials(self._user, secret), token_seconds=_TOKEN_SECONDS)

    def revoke(self, ident: str) -> None:
        """Delete the token *ident*."""
        check_id(ident, NUMBER, f"a token of {NAME}")
        self._api.delete(f"{self._path}/{ident}", f"the token {ident}", 204)


def open_minter(access: Access) -> Gitea:
    """Return what mints by *access*."""
    return Gitea(access)


def _listed(entry: dict[str, Any]) -> Listed:
    tail = entry.get("token_last_eight")
    return Listed(
        str(entry.get("id")),
        str(entry.get("name")),
        tail=tail if isinstance(tail, str) and tail else None,
    )
