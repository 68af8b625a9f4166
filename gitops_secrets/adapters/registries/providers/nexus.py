"""Nexus: a second user with the roles of the old one.

A user has one password, and a new one ends the old one at once: so a second user is made. The password is made here, since
Nexus makes none. The search for a user finds every name that begins so (Sonatype's REST API, "Security management: users").
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import quote

from gitops_secrets.adapters.registries.api import Api, check_id, text
from gitops_secrets.adapters.registries.login import basic
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.adapters.registries.providers import About
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.minted import Listed, Minted
from gitops_secrets.errors import GitOpsSecretsError, UsageError

NAME = "Nexus"
ABOUT = About(
    mints="a user with the roles of the old one; `--endpoint https://HOST` if the registry has a port of its own",
    least="a user with the privilege `nx-users-all`; it can make one with any role",
    expiry="none: users of Nexus have no end",
    tokens="not documented",
    pause="the user gets the status `disabled`",
    tried="a stand-in written from Sonatype's description of the API; never Nexus itself",
)
_USERS = "/service/rest/v1/security/users"


class Nexus:
    """The users that Nexus keeps itself."""

    name = NAME
    kind = "nexus"

    def __init__(self, access: Access) -> None:
        self._api = Api(access, NAME, basic(access.credentials))

    def list(self) -> list[Listed]:
        """Return the users."""
        return [
            Listed(name, name, name, is_paused=user.get("status") == "disabled")
            for user in self._api.objects(_USERS, query={"source": "default"})
            if (name := text(user, "userId")) is not None
        ]

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return a new user *name* with the roles of the user *ident*."""
        del user
        if ident is None:
            raise UsageError(
                "a user is minted with the roles of the old one, whose id is not known",
                "--revoke ID",
            )
        old, secret = self._user(ident), secrets.token_urlsafe(32)
        body = {
            "userId": name,
            "firstName": "gitops-secrets",
            "lastName": name,
            "emailAddress": old.get("emailAddress"),
            "password": secret,
            "status": "active",
            "roles": old.get("roles"),
        }
        reply = self._api.ask("POST", _USERS, body=body)
        made = text(reply.fields, "userId")
        if reply.status != 200 or made is None:
            raise self._api.refused("make a user", reply)
        return Minted(made, Credentials(made, secret))

    def revoke(self, ident: str) -> None:
        """Delete the user *ident*."""
        self._api.delete(_path(ident), f"the user {ident}", 204)

    def pause(self, ident: str) -> None:
        """Disable the user *ident*."""
        self._set_status(ident, "disabled")

    def reactivate(self, ident: str) -> None:
        """Enable the user *ident* again."""
        self._set_status(ident, "active")

    def _set_status(self, ident: str, status: str) -> None:
        # The whole user is sent: Nexus takes no part of one.
        reply = self._api.ask("PUT", _path(ident), body={**self._user(ident), "status": status})
        if reply.status not in (200, 204):
            raise self._api.refused(f"give {ident} the status {status}", reply)

    def _user(self, ident: str) -> dict[str, Any]:
        _path(ident)
        query: dict[str, str | int] = {"userId": ident, "source": "default"}
        for user in self._api.objects(_USERS, query=query):
            if user.get("userId") == ident:
                return user
        raise GitOpsSecretsError(f"{NAME} has no user {ident}", "--revoke ID")


def open_minter(access: Access) -> Nexus:
    """Return what mints by *access*."""
    return Nexus(access)


def _path(ident: str) -> str:
    check_id(ident, r"[A-Za-z0-9_@.+-]*[A-Za-z0-9_@+-]", f"a user of {NAME}")
    return f"{_USERS}/{quote(ident, safe='')}"
