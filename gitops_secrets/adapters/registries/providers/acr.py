"""Azure Container Registry: the two passwords of one token, of which the free one is filled.

A password that is there is never made anew: somebody may use it, and it would end at once. The answer may come later, at an
address that it names (Microsoft's REST pages "Registries - Generate Credentials" and "Tokens - Update").
"""

from __future__ import annotations

import re
import time
from typing import Any

from gitops_secrets.adapters.registries.api import Api, Reply, check_id, end_of, text
from gitops_secrets.adapters.registries.login import bearer
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.adapters.registries.providers import About
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.realm import parse_origin
from gitops_secrets.core.registry.rotation.minted import Listed, Minted
from gitops_secrets.errors import GitOpsSecretsError, UsageError

NAME = "Azure Container Registry"
ABOUT = About(
    mints="the free one of the two passwords of the token that `--endpoint https://management.azure.com/subscriptions/ID/"
    "resourceGroups/GROUP/providers/Microsoft.ContainerRegistry/registries/REGISTRY/tokens/TOKEN` names",
    least="a bearer of Azure Resource Manager, as USER:BEARER, with `registries/generateCredentials/action` and "
    "`registries/tokens/read, write` on the registry; it can fill the passwords of every token of it",
    expiry="as the answer says; none is asked for",
    tokens="not documented",
    pause="none: the status of a token is that of both passwords",
    tried="a stand-in written from Microsoft's REST pages; never Azure itself",
)
_VERSION: dict[str, str | int] = {"api-version": "2025-11-01"}
_SLOTS = ("password1", "password2")
_PATH = re.compile(
    r"(subscriptions/[\w-]+/resourceGroups/[\w.()-]+/providers/Microsoft\.ContainerRegistry"
    r"/registries/[A-Za-z0-9]+)/tokens/([A-Za-z0-9_-]+)"
)
_TRIES = 30
_PAUSE = 1.0
"""Seconds between two looks at what Azure does in the background."""


class Acr:
    """The passwords of one token; the id of each is the name of its slot."""

    name = NAME
    kind = "acr"

    def __init__(self, access: Access) -> None:
        found = _PATH.fullmatch(access.path)
        assert found is not None
        self._registry, self._token = f"/{found[1]}", found[2]
        self._path = f"{self._registry}/tokens/{self._token}"
        self._origin = access.origin
        self._api = Api(access, NAME, bearer(access.credentials.password))
        self._names: dict[str, str] = {}
        """By slot: what was minted in this run is called; Azure keeps no name of a password."""

    def list(self) -> list[Listed]:
        """Return the passwords that there are."""
        slots = [slot for one in self._passwords() if (slot := text(one, "name")) is not None]
        return [Listed(slot, self._names.get(slot, slot), self._token) for slot in slots]

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return the new password of the free slot. Raises GitOpsSecretsError if none is free."""
        del user, ident
        taken = {one.ident for one in self.list()}
        free = [slot for slot in _SLOTS if slot not in taken]
        if not free:
            raise GitOpsSecretsError(
                f"both passwords of the token {self._token} are there, and which one is not used cannot be known",
                f"az acr token credential delete --registry {self._registry.rpartition('/')[2]} "
                f"--name {self._token} --password2",
            )
        slot = free[0]
        self._names[slot] = name
        body = {"tokenId": self._path, "name": slot}
        path = f"{self._registry}/generateCredentials"
        reply = self._ended(self._api.ask("POST", path, query=_VERSION, body=body))
        user_name = text(reply.fields, "username")
        found = reply.fields.get("passwords")
        made = [
            one
            for one in (found if isinstance(found, list) else [])
            if isinstance(one, dict) and one.get("name") == slot
        ]
        secret = text(made[0], "value") if made else None
        if reply.status != 200 or user_name is None or secret is None:
            raise self._api.refused(f"fill {slot}", reply)
        return Minted(slot, Credentials(user_name, secret), end_of(made[0].get("expiry")))

    def revoke(self, ident: str) -> None:
        """Delete the password *ident*; the other one stays as it is."""
        check_id(ident, "|".join(_SLOTS), f"a password of {NAME}")
        kept = [one for one in self._passwords() if one.get("name") != ident]
        body = {"properties": {"credentials": {"passwords": kept}}}
        reply = self._api.ask("PATCH", self._path, query=_VERSION, body=body)
        if reply.status not in (200, 201, 202):
            raise self._api.refused(f"delete {ident}", reply)
        for _ in range(_TRIES):
            if ident not in {one.ident for one in self.list()}:
                break
            time.sleep(_PAUSE)

    def _passwords(self) -> tuple[dict[str, Any], ...]:
        reply = self._api.ask("GET", self._path, query=_VERSION)
        properties = reply.fields.get("properties")
        if reply.status != 200 or not isinstance(properties, dict):
            raise self._api.refused("show the token", reply)
        credentials = properties.get("credentials")
        found = credentials.get("passwords") if isinstance(credentials, dict) else None
        return tuple(one for one in found or () if isinstance(one, dict))

    def _ended(self, reply: Reply) -> Reply:
        """Return the answer to what Azure does in the background, once it is there."""
        where = reply.location
        for _ in range(_TRIES):
            if reply.status != 202:
                break
            if where is None or parse_origin(where) != self._origin:
                raise self._api.refused("say where its answer will be", reply)
            time.sleep(_PAUSE)
            reply = self._api.ask("GET", where.partition(self._origin.netloc)[2])
        return reply


def open_minter(access: Access) -> Acr:
    """Return what mints by *access*. Raises UsageError if it names no token."""
    if not _PATH.fullmatch(access.path):
        raise UsageError(
            "--provider acr needs the token whose passwords they are",
            "--endpoint https://management.azure.com/subscriptions/ID/resourceGroups/GROUP/providers/"
            "Microsoft.ContainerRegistry/registries/REGISTRY/tokens/TOKEN",
        )
    return Acr(access)
