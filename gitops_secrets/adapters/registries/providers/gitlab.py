"""GitLab: deploy tokens of a project or a group, with the right to read its registry.

Two of them live side by side. The user name is the answer's: a new token has another one. The endpoint that renews an
access token is not used, since a second call of it revokes the whole family (GitLab's ``doc/api/project_access_tokens.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from gitops_secrets.adapters.registries.api import NUMBER, Api, check_id, end_of
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.adapters.registries.providers import About
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.minted import Listed, Minted
from gitops_secrets.errors import UsageError

NAME = "GitLab"
ABOUT = About(
    mints="a deploy token with the scope `read_registry`, of the project `--endpoint https://HOST/GROUP/PROJECT`, or of a "
    "group: `--endpoint https://HOST/groups/GROUP`",
    least="a token with the scope `api` of a Maintainer of the project, or of an Owner of the group: it can do all that "
    "its user can do there",
    expiry="as the answer says; none is asked for",
    tokens="5 minutes by default, 15 at gitlab.com, as GitLab documents it",
    pause="none: GitLab only revokes deploy tokens",
    tried="a stand-in written from GitLab's API documentation",
)
_TOKEN_SECONDS = 15 * 60


class GitLab:
    """The deploy tokens of one project, or of one group."""

    name = NAME
    kind = "gitlab"

    def __init__(self, access: Access) -> None:
        kind, slash, rest = access.path.partition("/")
        place = ("groups", rest) if kind == "groups" and slash else ("projects", access.path)
        self._api = Api(access, NAME, {"PRIVATE-TOKEN": access.credentials.password})
        self._path = f"/api/v4/{place[0]}/{quote(place[1], safe='')}/deploy_tokens"

    def list(self) -> list[Listed]:
        """Return the tokens that are neither revoked nor expired."""
        return [
            Listed(str(token.get("id")), str(token.get("name")), _user(token))
            for token in self._api.pages(self._path, {"active": "true"}, "per_page")
        ]

    def revoked(self) -> Sequence[str]:
        """Return the tokens that were revoked on GitLab's pages, or expired; it forgets what its API deleted."""
        tokens = self._api.pages(self._path, {}, "per_page")
        ended = (t for t in tokens if t.get("revoked") is True or t.get("expired") is True)
        return [str(token.get("id")) for token in ended]

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return a new token *name*, with a user name of its own."""
        del user, ident
        body = {"name": name, "scopes": ["read_registry"]}
        reply = self._api.ask("POST", self._path, body=body)
        content = reply.content if isinstance(reply.content, dict) else {}
        number, secret, made = content.get("id"), content.get("token"), _user(content)
        if (
            reply.status != 201
            or not isinstance(number, int)
            or not isinstance(secret, str)
            or not secret
            or not made
        ):
            raise self._api.refused("mint a deploy token", reply)
        end = end_of(content.get("expires_at"))
        return Minted(str(number), Credentials(made, secret), end, _TOKEN_SECONDS)

    def revoke(self, ident: str) -> None:
        """Delete the token *ident*."""
        check_id(ident, NUMBER, f"a deploy token of {NAME}")
        self._api.delete(f"{self._path}/{ident}", f"the deploy token {ident}", 204)


def open_minter(access: Access) -> GitLab:
    """Return what mints by *access*. Raises UsageError if it names no project and no group."""
    if "/" not in access.path:
        raise UsageError(
            "--provider gitlab needs the project or the group whose deploy token it is",
            "--endpoint https://HOST/GROUP/PROJECT",
            "--endpoint https://HOST/groups/GROUP",
        )
    return GitLab(access)


def _user(token: dict[str, Any]) -> str | None:
    user = token.get("username")
    return user if isinstance(user, str) and user else None
