"""The data keys of encrypted files, unwrapped in this process with the identities at hand."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_secrets.adapters.age import Identity, unwrap
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.core.sops.reader.cipher import DataKey
from gitops_secrets.core.sops.structure import MasterKey, Metadata


class DataKeys:
    """Unwraps data keys with a keyring: each once, however many files share it."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._keys: dict[tuple[MasterKey, ...], DataKey | None] = {}
        self._secrets: dict[tuple[str, str], bytes | None] = {}

    def find(self, metadata: Metadata) -> DataKey | None:
        """Return the data key of the file with *metadata*.

        None if no identity at hand opens it, or only sops can tell: for key groups, and with a post-quantum
        identity. Raises UnsupportedError for a key of another length than sops writes.
        """
        entries = tuple(key for key in metadata.keys if key.kind == "age")
        if entries not in self._keys:
            secret = None if metadata.groups else self._unwrapped(entries)
            self._keys[entries] = None if secret is None else DataKey(secret)
        return self._keys[entries]

    def opened(self, key: MasterKey, identity: Identity) -> bytes | None:
        """Return the data key that *key* holds for *identity*, computed once; None if it holds none for it."""
        place = key.wrapped, identity.recipient
        if place not in self._secrets:
            self._secrets[place] = unwrap(key.wrapped, identity)
        return self._secrets[place]

    def _unwrapped(self, entries: Sequence[MasterKey]) -> bytes | None:
        """Return the data key in one of *entries*; as sops, by any identity, whatever recipient an entry names."""
        named = ((key, self._keyring.find(key.identification)) for key in entries)
        tried = [(key, held.identity) for key, held in named if held is not None]
        others = ((key, identity) for key in entries for identity in self._keyring.all())
        for key, identity in (*tried, *others):
            secret = self.opened(key, identity)
            if secret is not None:
                return secret
        return None
