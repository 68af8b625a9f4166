"""One file of Secrets, readable or encrypted, parsed once for all that a command asks of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import yaml

from gitops_secrets.core.sops import fieldedits, refusals, structure
from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.secrets import Secret, SecretId, read_secrets
from gitops_secrets.core.sops.structure import MasterKey, Metadata, SopsDocument
from gitops_secrets.core.sops.valuechanges import ValueChange, changes_between, comments_of
from gitops_secrets.core.yamltext.nodes import (
    Path,
    compose_documents,
    get,
    refuse_anchors,
    to_value,
    walk_scalars,
)
from gitops_secrets.errors import GitOpsSecretsError, InvalidDocumentError

Places = Mapping[tuple[int, Path], str]
"""Values by the number of their document and their path."""


class Manifest:
    """A file's bytes and what they parse to. It never shows in a repr what it holds.

    Whatever is asked of a file that is not YAML raises InvalidDocumentError, with path and line.
    """

    def __init__(self, content: bytes, path: str) -> None:
        self.content = content
        self.path = path
        """From the repository's top; or what errors call it."""

    def __repr__(self) -> str:
        return f"Manifest({self.path!r})"

    @cached_property
    def roots(self) -> Sequence[yaml.Node]:
        """The root node of each document.

        Raises InvalidDocumentError for anchors and aliases, which sops does not write: a few of them
        can stand for more values than fit into memory.
        """
        if b"&" in self.content or b"*" in self.content:
            refuse_anchors(self.content, self.path)
        return compose_documents(self.content, self.path)

    @cached_property
    def documents(self) -> tuple[SopsDocument, ...]:
        """The structure of each document, which needs no key."""
        return structure.read_structure(self.roots)

    @cached_property
    def secrets(self) -> tuple[Secret, ...]:
        """The readable Secrets. Raises GitOpsSecretsError for what the API server or sops would refuse."""
        if not self.roots:
            raise InvalidDocumentError(f"{self.path}: is empty")
        return read_secrets(self.roots, self.path)

    @property
    def idents(self) -> tuple[SecretId, ...]:
        """Which Secrets it holds, by what stands readable in an encrypted file too."""
        return tuple(
            SecretId(d.namespace or "", d.name or "", d.object_type or "Opaque")
            for d in self.documents
        )

    @property
    def metadata(self) -> Metadata | None:
        """The sops block of its first document, None if it has none."""
        return self.documents[0].metadata if self.documents else None

    @property
    def recipients(self) -> tuple[str, ...]:
        """The age recipients of its sops block."""
        return self.metadata.recipients if self.metadata is not None else ()

    @property
    def other_keys(self) -> tuple[MasterKey, ...]:
        """The master keys besides age's that open it."""
        return structure.other_keys(self.documents)

    @cached_property
    def has_ciphertext(self) -> bool:
        """Whether something of it is encrypted, or says so: a sops block, or any ENC value."""
        return self._has_values or any(get(root, "sops") is not None for root in self.roots)

    @property
    def is_empty_shell(self) -> bool:
        """Whether it has sops blocks, and not one encrypted value."""
        return self.has_ciphertext and not self._has_values

    @cached_property
    def _has_values(self) -> bool:
        return any(
            path[:1] != ("sops",) and is_encrypted_value(str(node.value))
            for root in self.roots
            for path, node in walk_scalars(root)
        )

    def is_same(self, other: Manifest) -> bool:
        """Return whether both hold the same values, whatever their form."""
        return [to_value(n) for n in self.roots] == [to_value(n) for n in other.roots]

    def changes_to(self, wanted: Manifest) -> tuple[ValueChange, ...] | None:
        """Return what makes this into *wanted*, both readable; None if sops cannot be told it piece by piece.

        That is so if comments changed, or a value of one of several documents.
        """
        if comments_of(self.content) != comments_of(wanted.content):
            return None
        if self.is_same(wanted):
            return ()
        return changes_between(self.roots, wanted.roots)

    def check_encrypted(
        self,
        recipients: Sequence[str],
        others: Sequence[MasterKey] | None = None,
        *,
        mac_only: bool = False,
    ) -> None:
        """Raise GitOpsSecretsError unless every value is encrypted, for just *recipients* and *others*.

        Without *others* it may have the other master keys that it has. *mac_only* allows a MAC over the
        encrypted values alone.
        """
        others = self.other_keys if others is None else others
        refusals.check_encrypted(self.documents, self.path, recipients, others, mac_only=mac_only)

    def is_encrypted_for(self, recipients: Sequence[str], *, mac_only: bool = False) -> bool:
        """Return whether check_encrypted finds nothing."""
        try:
            self.check_encrypted(recipients, mac_only=mac_only)
        except GitOpsSecretsError:
            return False
        return True

    def blank_readable(self) -> tuple[Manifest, Places]:
        """Return it with each readable value made empty, and those values."""
        content, values = fieldedits.blank_readable(self.content, self.roots)
        return Manifest(content, self.path), values

    def fill(self, values: Places) -> Manifest:
        """Return it with *values* at their places. Raises GitOpsSecretsError if one is not there."""
        return self._edited(fieldedits.fill(self.content, self.roots, self.path, values))

    def with_value(self, key: str, value: bytes) -> Manifest:
        """Return its one Secret with *key* holding *value*. Raises GitOpsSecretsError if it holds several."""
        return self._edited(fieldedits.set_value(self.content, self.roots, self.path, key, value))

    def without_metadata(self) -> Manifest:
        """Return it without its sops blocks."""
        return self._edited(fieldedits.drop_metadata(self.content, self.roots, self.path))

    def _edited(self, content: bytes) -> Manifest:
        return Manifest(content, self.path)
