"""Artifactory: access tokens of the user of the old one, as reference tokens, which fit into a docker config.

Without an end that is asked for, a token lives for an hour; with a life below six hours it cannot be revoked, and below
three it is not even listed. So none is asked for, and the token is made revocable by name (JFrog's REST pages
"Create Token", "Get Tokens" and "Revoke Token by ID", and those of the thresholds).
"""

from __future__ import annotations

import datetime as dt

from gitops_secrets.adapters.registries.api import UUID, Api, check_id, text
from gitops_secrets.adapters.registries.login import bearer
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.adapters.registries.providers import About
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.minted import Listed, Minted

NAME = "Artifactory"
ABOUT = About(
    mints="a reference token of the old one's user with the scope `applied-permissions/user`",
    least="an access token with the scope `applied-permissions/admin`, as USER:TOKEN: nothing less mints a token without an "
    "end, and it can do all that an admin can",
    expiry="as the answer says; none is asked for",
    tokens="not documented",
    pause="none: Artifactory only revokes tokens",
    tried="a stand-in written from JFrog's REST pages; never Artifactory itself",
)
_TOKENS = "/access/api/v1/tokens"


class Artifactory:
    """The access tokens of a JFrog platform."""

    name = NAME
    kind = "artifactory"

    def __init__(self, access: Access) -> None:
        self._api = Api(access, NAME, bearer(access.credentials.password))

    def list(self) -> list[Listed]:
        """Return the tokens that are persistent, each by the description that it was made with."""
        return [
            Listed(str(token.get("token_id")), text(token, "description") or "")
            for token in self._api.objects(_TOKENS, "tokens")
        ]

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return a new token of *user* with the description *name*."""
        del ident
        body = {
            "username": user,
            "scope": "applied-permissions/user",
            "expires_in": 0,
            "description": name,
            "include_reference_token": True,
            "force_revocable": True,
        }
        reply = self._api.ask("POST", _TOKENS, body=body)
        number = text(reply.fields, "token_id")
        # A server that gives no reference tokens has the long one alone.
        secret = text(reply.fields, "reference_token") or text(reply.fields, "access_token")
        if reply.status != 200 or number is None or secret is None:
            raise self._api.refused("mint a token", reply)
        return Minted(number, Credentials(user, secret), _end(reply.fields.get("expires_in")))

    def revoke(self, ident: str) -> None:
        """Revoke the token *ident*."""
        check_id(ident, UUID, f"a token of {NAME}")
        self._api.delete(f"{_TOKENS}/{ident}", f"the token {ident}", 200, 204)


def open_minter(access: Access) -> Artifactory:
    """Return what mints by *access*."""
    return Artifactory(access)


def _end(seconds: object) -> str | None:
    """Return when a token ends whose answer says its life; None if it says none."""
    if not isinstance(seconds, int) or seconds <= 0:
        return None
    end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    return end.isoformat(timespec="seconds")
