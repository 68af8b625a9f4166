"""zot: API keys of one user, each of which pulls what the user may pull.

A key is the password of its user. The answer to a deletion is the same for an id that is not there, so only the list says
what is revoked (measured with zot of August 2026; the paths are those of zot's API description).
"""

from __future__ import annotations

from gitops_secrets.adapters.registries.api import UUID, Api, check_id, end_of, text
from gitops_secrets.adapters.registries.login import basic
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.adapters.registries.providers import About
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.minted import Listed, Minted

NAME = "zot"
ABOUT = About(
    mints="an API key of the user; `http.auth.apikey` has to be on",
    least="the user's own password, or a key of theirs; both can do all that the user can, so give the robot a user of its own",
    expiry="as the answer says; none is asked for",
    tokens="none: zot takes the key itself",
    pause="none: zot only deletes keys",
    tried="zot 2.1.20 itself, by a test that is started by hand",
)
_KEYS = "/zot/auth/apikey"


class Zot:
    """The API keys of the user who mints."""

    name = NAME
    kind = "zot"

    def __init__(self, access: Access) -> None:
        self._user = access.credentials.username
        self._api = Api(access, NAME, basic(access.credentials))

    def list(self) -> list[Listed]:
        """Return the keys of the user."""
        return [
            Listed(str(key.get("uuid")), str(key.get("label")))
            for key in self._api.objects(_KEYS, "apiKeys")
        ]

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return a new key with the label *name*: of the user who mints, whoever *user* is."""
        del user, ident
        reply = self._api.ask("POST", _KEYS, body={"label": name, "scopes": []})
        number, secret = text(reply.fields, "uuid"), text(reply.fields, "apiKey")
        if reply.status != 201 or number is None or secret is None:
            raise self._api.refused("mint a key", reply)
        end = end_of(reply.fields.get("expirationDate"))
        return Minted(number, Credentials(self._user, secret), end, token_seconds=0)

    def revoke(self, ident: str) -> None:
        """Delete the key *ident*."""
        check_id(ident, UUID, f"a key of {NAME}")
        self._api.delete(_KEYS, f"the key {ident}", 200, query={"id": ident})


def open_minter(access: Access) -> Zot:
    """Return what mints by *access*."""
    return Zot(access)
