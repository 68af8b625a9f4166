"""The structure of a SOPS file, read without any key.

What ``sops filestatus`` calls encrypted is any file with metadata. Here a value counts as encrypted
only when all of it is one ``ENC[...]``, and every value is listed, so that a caller can ask which
are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.sops.encrypted import ENCRYPTED, is_encrypted_value
from gitops_secrets.core.yamltext.nodes import (
    Path,
    Position,
    compose_documents,
    entries,
    get,
    items,
    position,
    text,
    walk_scalars,
)
from gitops_secrets.core.yamltext.nulls import is_null
from gitops_secrets.errors import InvalidDocumentError

MAX_ENCRYPTED_BYTES = 5 * 1024 * 1024
"""Flux's limit on one encrypted file (kustomize-controller, maxEncryptedFileSize)."""
RULE_FIELDS = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
)
"""The fields by which sops chooses what it encrypts; a file carries at most one of them."""

_KEY_KINDS = {
    "age": "recipient",
    "pgp": "fp",
    "kms": "arn",
    "gcp_kms": "resource_id",
    "azure_kv": "vault_url",
    "hc_vault": "vault_address",
    "hckms": "key_id",
}


class MasterKey(NamedTuple):
    """One key that opens the file: its kind as SOPS names it, its public identification, its data key."""

    kind: str
    identification: str
    wrapped: str


class Metadata(NamedTuple):
    """A document's ``sops`` block."""

    keys: tuple[MasterKey, ...]
    rule: tuple[str, str] | None
    """The field, of RULE_FIELDS, that says what is encrypted, and its value."""
    mac_only_encrypted: bool
    mac: str | None
    lastmodified: str | None
    version: str | None
    groups: tuple[tuple[MasterKey, ...], ...] = ()
    """Its keys by key group; empty if any of them opens the document."""
    threshold: int = 0
    """Of how many groups a key is needed; 0 for all of them."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """The age recipients, in the file's order."""
        return tuple(key.identification for key in self.keys if key.kind == "age")

    @property
    def opening(self) -> tuple[tuple[str, ...], ...]:
        """The groups of age recipients of which identities open the document."""
        if not self.groups:
            return (self.recipients,)
        return tuple(
            tuple(key.identification for key in group if key.kind == "age") for group in self.groups
        )

    @property
    def needed(self) -> int:
        """Of how many groups a key is needed."""
        return self.threshold or max(len(self.groups), 1)

    def is_opened_by(self, groups: Iterable[Iterable[str]], needed: int) -> bool:
        """Return whether identities of *needed* of just these *groups* of age recipients open the document."""
        held, wanted = (sorted(sorted(group) for group in g) for g in (self.opening, groups))
        return held == wanted and self.needed == needed


class Value(NamedTuple):
    """One value outside the ``sops`` block."""

    path: Path
    position: Position
    encrypted: bool
    """Whether all of it is ENC[...] in full."""
    empty: bool
    """Whether it is an empty string or null, which sops never encrypts."""
    size: int
    """How many bytes it has, or has once it is decrypted: encryption does not hide that."""


class SopsDocument(NamedTuple):
    """One document of a file; ``metadata`` is None if there is no ``sops`` mapping."""

    metadata: Metadata | None
    values: tuple[Value, ...]
    kind: str | None
    namespace: str | None
    name: str | None
    object_type: str | None

    def readable_values(self, roots: Sequence[str] = ("data", "stringData")) -> tuple[Value, ...]:
        """Return the values below *roots* that are neither ENC in full nor empty."""
        return tuple(
            v
            for v in self.values
            if v.path and v.path[0] in roots and not v.encrypted and not v.empty
        )


def read_documents(content: bytes, name: str) -> tuple[SopsDocument, ...]:
    """Return the structure of each document of a YAML or JSON file.

    Raises InvalidDocumentError for what is not YAML. Of duplicate keys every value is listed.
    """
    return read_structure(compose_documents(content, name))


def read_structure(roots: Iterable[yaml.Node]) -> tuple[SopsDocument, ...]:
    """Return what read_documents does, of documents that are parsed already."""
    return tuple(_read_document(root) for root in roots)


def may_be_encrypted(content: bytes) -> bool:
    """Return whether a YAML or JSON file could have sops metadata and an encrypted value; never parses."""
    return b"sops" in content and b"ENC[" in content


def encrypted_documents(content: bytes, name: str) -> tuple[SopsDocument, ...]:
    """Return what read_documents does of a file with sops metadata in it; nothing for any other, YAML or not."""
    if not may_be_encrypted(content):
        return ()
    try:
        documents = read_documents(content, name)
    except InvalidDocumentError:
        return ()
    return documents if any(d.metadata is not None for d in documents) else ()


def other_keys(documents: Iterable[SopsDocument]) -> tuple[MasterKey, ...]:
    """Return the master keys besides age's that open *documents*."""
    return tuple(
        key
        for document in documents
        for key in (document.metadata.keys if document.metadata else ())
        if key.kind != "age"
    )


def _read_document(root: yaml.Node) -> SopsDocument:
    block = get(root, "sops")
    return SopsDocument(
        metadata=read_metadata(block) if isinstance(block, yaml.MappingNode) else None,
        values=tuple(
            Value(
                path,
                position(node),
                is_encrypted_value(str(node.value)),
                _is_empty(node),
                _size(str(node.value)),
            )
            for path, node in walk_scalars(root)
            if not path or path[0] != "sops"
        ),
        kind=text(root, "kind"),
        namespace=text(root, "metadata", "namespace"),
        name=text(root, "metadata", "name"),
        object_type=text(root, "type"),
    )


def read_metadata(block: yaml.MappingNode) -> Metadata:
    """Return what a ``sops`` block says."""
    fields = dict(entries(block))
    rule = next(((f, v) for f in RULE_FIELDS if (v := _text(fields, f))), None)
    groups = [tuple(_read_keys(dict(entries(g)))) for g in items(block, "key_groups")]
    groups = groups or [tuple(_read_keys(fields))]
    threshold = _text(fields, "shamir_threshold") or ""
    return Metadata(
        keys=tuple(key for group in groups for key in group),
        rule=rule,
        mac_only_encrypted=(_text(fields, "mac_only_encrypted") or "").lower() == "true",
        mac=_text(fields, "mac"),
        lastmodified=_text(fields, "lastmodified"),
        version=_text(fields, "version"),
        groups=tuple(groups) if len(groups) > 1 else (),
        threshold=int(threshold)
        if len(groups) > 1 and re.fullmatch("[0-9]{1,3}", threshold)
        else 0,
    )


def _read_keys(group: Mapping[str, yaml.Node]) -> list[MasterKey]:
    found = []
    for kind, field in _KEY_KINDS.items():
        for entry in items(group.get(kind)):
            fields = dict(entries(entry))
            wrapped = (_text(fields, "enc") or "").strip()
            found.append(MasterKey(kind, _text(fields, field) or "", wrapped))
    return found


def _text(fields: Mapping[str, yaml.Node], name: str) -> str | None:
    """Return what ``text`` does, of fields that were looked up already."""
    node = fields.get(name)
    return None if node is None else text(node)


def _is_empty(node: yaml.ScalarNode) -> bool:
    return node.value == "" or is_null(node)


def _size(value: str) -> int:
    match = ENCRYPTED.fullmatch(value)
    if match is None:
        return len(value.encode("utf-8", "surrogatepass"))
    return len(match["data"]) // 4 * 3 - match["data"].count("=")
