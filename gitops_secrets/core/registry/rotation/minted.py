"""Credentials as a provider knows them: by id and name, and which of them a rotation is about."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.errors import GitOpsSecretsError

TOOL = "gitops-secrets"


class Minted(Veiled):
    """A credential that a provider made just now."""

    __slots__ = ("credentials", "expires", "ident", "token_seconds")

    def __init__(
        self,
        ident: str | None,
        credentials: Credentials,
        expires: str | None = None,
        token_seconds: int | None = None,
    ) -> None:
        self.ident = ident
        """By which the provider revokes it; None if the user brought it."""
        self.credentials = credentials
        self.expires = expires
        """When it ends, as the answer says, in ISO 8601."""
        self.token_seconds = token_seconds
        """How long a token lives that the registry issues for it; None if that is unknown."""


class Listed(NamedTuple):
    """A credential in a provider's list, which shows no secret."""

    ident: str
    name: str
    user: str | None = None
    """Only if the provider has one credential for each user name."""
    tail: str | None = None
    """The last characters of its secret, if the provider shows them."""
    is_paused: bool = False
    """Whether the registry refuses it until it is re-activated."""


def name_prefix(repository: str, host: str) -> str:
    """Return how the names of all credentials begin that are made for *host* in *repository*."""
    return f"{TOOL}-{_plain(repository)}-{_plain(host)}-"


def make_name(prefix: str, day: str, chance: str) -> str:
    """Return the name of one credential. By it an answer that was lost is found again."""
    return f"{prefix}{day}-{chance}"


def has_prefix(name: str, prefix: str) -> bool:
    """Return whether make_name can have made *name* with *prefix*."""
    return re.fullmatch(rf"{re.escape(prefix)}\d{{8}}-[0-9a-f]{{8}}", name) is not None


def orphans(listed: Sequence[Listed], prefix: str, known: Collection[str | None]) -> list[Listed]:
    """Return what was made for this repository and registry, and is not among the *known* ids."""
    return [one for one in listed if has_prefix(one.name, prefix) and one.ident not in known]


def find_old(
    listed: Sequence[Listed], old: Credentials | None, hinted: str | None, prefix: str
) -> str | None:
    """Return the id of the *old* credential, None if the list does not say which it is.

    The last characters of its secret decide where the list shows them. *hinted* stands in Git, and counts
    only if the list has it, for the user of the old credential; or, where the list names no users, with a name
    that was made for this repository and registry.
    """
    if old is not None and any(one.tail for one in listed):
        ending = [one.ident for one in listed if one.tail and old.password.endswith(one.tail)]
        return ending[0] if len(ending) == 1 else None
    user = old.username if old is not None else None
    for one in listed:
        if one.ident == hinted:
            is_same = one.user == user if one.user is not None else has_prefix(one.name, prefix)
            return one.ident if is_same else None
    same = [one.ident for one in listed if user is not None and one.user == user]
    return same[0] if hinted is None and len(same) == 1 else None


class Naming(NamedTuple):
    """What the ids are compared with that the user names."""

    provider: str
    listed: Sequence[Listed]
    prefix: str
    """How the names begin that were made for this repository and registry."""
    user: str | None = None
    """That of the old credential."""
    current: str | None = None
    """The id of the credential that the repository holds."""
    previous: str | None = None
    """The id of the one before it, as Git notes it."""

    def has(self, ident: str) -> bool:
        """Return whether the provider lists *ident*."""
        return any(one.ident == ident for one in self.listed)

    def refuse(self, named: Collection[str], *hints: str) -> None:
        """Raise GitOpsSecretsError, with the *hints*, if one of the ids *named* is the current one or is not listed."""
        for ident in named:
            if ident == self.current:
                raise GitOpsSecretsError(
                    f"{ident} is the credential that the repository holds now, and is not revoked",
                    "name the old one: --revoke ID",
                )
            if not self.has(ident):
                raise GitOpsSecretsError(
                    f"{self.provider} lists no credential with the id {ident}: {self._listed()}",
                    "--revoke ID",
                    *hints,
                )

    def _listed(self) -> str:
        """Return which ids can be meant: those of this repository if there are any, else all."""
        others = [one for one in self.listed if one.ident != self.current]
        ours = [one for one in others if self._is_ours(one)]
        if not ours:
            return f"it lists {', '.join(one.ident for one in others) or 'no other'}"
        more = len(others) - len(ours)
        besides = f", and {more} that may be somebody else's" if more else ""
        return f"of this repository it lists {', '.join(one.ident for one in ours)}{besides}"

    def _is_ours(self, one: Listed) -> bool:
        is_user = one.user is not None and one.user == self.user
        return is_user or one.ident == self.previous or has_prefix(one.name, self.prefix)


def _plain(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "x"
