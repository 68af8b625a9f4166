"""The age identities that a user has at hand, each key file read once for a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

from gitops_secrets.adapters.age import (
    Identity,
    given_identities,
    known_identity_files,
    read_identities,
)
from gitops_secrets.errors import GitOpsSecretsError


class Found(NamedTuple):
    """An identity, and the file that it is in: None if it came by a variable, or is not kept yet."""

    identity: Identity
    file: Path | None


class Keyring:
    """Looks in the file that the user names, then in ours, in those that sops reads, and in SOPS_AGE_KEY.

    A file is read once it is needed. One that cannot be read is passed over, unless the user named it:
    then asking raises GitOpsSecretsError.
    """

    def __init__(self, named: Path | None = None) -> None:
        self.named = named
        """The file that the user named."""
        self._found: list[Found] = []
        self._rest = self._read()

    def add(self, identity: Identity) -> None:
        """Have *identity* at hand too: one that was just made, and is in no file yet."""
        self._found.append(Found(identity, None))

    @classmethod
    def of(cls, identity: Identity) -> Self:
        """Return a keyring that has *identity* and nothing else, whatever the user has."""
        keyring = cls()
        keyring._rest = iter(())
        keyring.add(identity)
        return keyring

    def find(self, recipient: str) -> Found | None:
        """Return the identity of *recipient*, None if it is not at hand."""
        for found in self._found:
            if found.identity.recipient == recipient:
                return found
        for found in self._rest:
            self._found.append(found)
            if found.identity.recipient == recipient:
                return found
        return None

    def all(self) -> Iterator[Identity]:
        """Yield every identity that is at hand."""
        yield from [found.identity for found in self._found]
        for found in self._rest:
            self._found.append(found)
            yield found.identity

    def first(self, recipients: Iterable[str]) -> Identity | None:
        """Return the identity of the first of *recipients* that is at hand, None if none is."""
        found = (self.find(recipient) for recipient in recipients)
        return next((f.identity for f in found if f is not None), None)

    def of_groups(self, groups: Iterable[Iterable[str]]) -> list[Identity]:
        """Return for each of *groups* the identity of its first recipient that is at hand, if one is."""
        found = (self.first(group) for group in groups)
        return [identity for identity in found if identity is not None]

    def _read(self) -> Iterator[Found]:
        for path in known_identity_files(self.named):
            if not path.is_file():
                continue
            try:
                identities = read_identities(path)
            except GitOpsSecretsError:
                if path == self.named:
                    self._rest = self._read()
                    raise
                continue
            for identity in identities:
                yield Found(identity, path)
        for identity in given_identities():
            yield Found(identity, None)
