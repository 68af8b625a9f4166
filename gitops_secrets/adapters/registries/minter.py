"""What mints the credentials of a registry and revokes them: a provider's API, or a user's program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.proof import Means
from gitops_secrets.core.registry.realm import Origin
from gitops_secrets.core.registry.rotation.minted import Listed, Minted
from gitops_secrets.errors import GitOpsSecretsError


class Minter(Protocol):
    """One that mints. Every call raises GitOpsSecretsError, without a word of what it was answered, if it fails."""

    @property
    def name(self) -> str:
        """What it is called in what is printed."""

    @property
    def kind(self) -> str:
        """What is noted in Git: ``exec``, or the name of a provider."""

    def list(self) -> list[Listed]:
        """Return the credentials that there are, without their secrets."""

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return a new credential *name* beside the old one of *user*, whose id is *ident* if that is known.

        After an error it may have been made all the same: ``list`` shows it by its name.
        """

    def revoke(self, ident: str) -> None:
        """Revoke a credential; one that is gone already is no error."""


@runtime_checkable
class Pauser(Minter, Protocol):
    """One that can also take a credential out of use, with a way back. Its errors are those of Minter."""

    def pause(self, ident: str) -> None:
        """Have the registry refuse a credential. Raises NotAllowedError if the credential that mints may not do that."""

    def reactivate(self, ident: str) -> None:
        """Have the registry take a credential again that was paused."""


@runtime_checkable
class Rememberer(Minter, Protocol):
    """One that still knows credentials that are revoked. Its errors are those of Minter."""

    def revoked(self) -> Sequence[str]:
        """Return the ids of those that it knows, and that no longer pull because they were revoked or ended."""


class NotAllowedError(GitOpsSecretsError):
    """The credential that mints has no right to what was asked."""


class Access(NamedTuple):
    """How the API of a provider is reached."""

    origin: Origin
    """Scheme, host and port: the registry's own, or one that the user named."""
    path: str
    """What the user named behind the host, for a provider that has several places; else empty."""
    credentials: Credentials
    """With which credentials are minted: never stored, and never printed."""
    means: Means = Means()
