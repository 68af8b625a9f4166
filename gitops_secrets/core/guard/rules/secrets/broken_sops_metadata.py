"""A sops block that sops could not have written, or ciphertext without one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

import yaml

from gitops_secrets.core.guard.read.encoding import from_base64
from gitops_secrets.core.guard.read.nodes import named, scalar
from gitops_secrets.core.guard.rules.base import RESTORE, Rule
from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.structure import RULE_FIELDS

RULE = Rule(
    "broken-sops-metadata",
    "{object} has a sops block that cannot be what sops wrote: {detail}",
    RESTORE,
)
KINDS = ("age", "pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "hckms")
_FIELDS = frozenset((
    *KINDS, *RULE_FIELDS, "shamir_threshold", "key_groups", "lastmodified", "mac", "mac_only_encrypted", "version",
))  # fmt: skip
_ENTRY_FIELDS = {
    "age": ("recipient", "enc"),
    "pgp": ("created_at", "enc", "fp"),
    "kms": ("arn", "role", "context", "created_at", "enc", "aws_profile"),
    "gcp_kms": ("resource_id", "created_at", "enc"),
    "azure_kv": ("vault_url", "name", "version", "created_at", "enc"),
    "hc_vault": ("vault_address", "engine_path", "key_name", "created_at", "enc"),
    "hckms": ("key_id", "created_at", "enc"),
}
"""What sops writes, 3.7 to 3.13."""
_ATTENTION = "This section contains key material that should only be modified with extra care. See `sops -h`."
"""What sops wrote into each block before 2.0, and nobody has to guess at: another text could be a secret."""
_LASTMODIFIED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_AGE_ARMOR = re.compile(
    r"-----BEGIN AGE ENCRYPTED FILE-----\s(?P<body>[A-Za-z0-9+/=\s]+)-----END AGE ENCRYPTED FILE-----"
)
_AGE_HEADER = b"age-encryption.org/v1\n-> "
_RECIPIENT = re.compile(r"(?:age1[a-z0-9]+|ssh-[a-z0-9]+ [A-Za-z0-9+/=]+.*)")


def problems(block: yaml.Node | None) -> Iterator[str]:
    """Yield what is wrong with a ``sops`` block; each from a fixed vocabulary."""
    if block is None:
        yield "there is none, and ciphertext without it opens with no key"
        return
    if not isinstance(block, yaml.MappingNode):
        yield "it is not a mapping"
        return
    fields = named(block)
    if not _is_known(block):
        yield "it holds what sops does not write"
    mac = scalar(fields.get("mac"))
    if not mac:
        yield "it has no mac"
    elif not is_encrypted_value(mac):
        yield "its mac is not encrypted"
    if not _LASTMODIFIED.fullmatch(scalar(fields.get("lastmodified")) or ""):
        yield "its lastmodified is not a time"
    entries = list(_entries(block))
    if not any((scalar(entry.get("enc")) or "").strip() for _, entry in entries):
        yield "it holds no wrapped data key"
    for kind, entry in entries:
        yield from _entry_problems(kind, entry)
    if _has_copied_key([entry for kind, entry in entries if kind == "age"]):
        yield "two readers in it have the same wrapped data key, which only one of them opens"


def _has_copied_key(entries: Iterable[dict[str, yaml.Node]]) -> bool:
    """Return whether a wrapped data key stands for two of the recipients of *entries*."""
    holders: dict[str, str | None] = {}
    for entry in entries:
        recipient = scalar(entry.get("recipient"))
        wrapped = "".join((scalar(entry.get("enc")) or "").split())
        if wrapped and holders.setdefault(wrapped, recipient) != recipient:
            return True
    return False


def _is_known(block: yaml.MappingNode) -> bool:
    """Return whether *block* has no other fields than sops writes, and no other sorts of values in them."""
    fields = named(block)
    groups = fields.pop("key_groups", None)
    if groups is not None and not isinstance(groups, yaml.SequenceNode):
        return scalar(groups) is None
    holders = [fields]
    if groups is not None:
        if not all(_has_only(group, KINDS) for group in groups.value):
            return False
        holders.extend(map(named, groups.value))
    if not _has_only(block, (*_FIELDS, "attention")):
        return False
    said = [scalar(value) or "" for key, value in block.value if key.value == "attention"]
    if any(" ".join(text.split()) != _ATTENTION for text in said):
        return False
    for holder in holders:
        for name, node in holder.items():
            if name not in KINDS:
                if not isinstance(node, yaml.ScalarNode):
                    return False
            elif isinstance(node, yaml.SequenceNode):
                if not all(_has_only(entry, _ENTRY_FIELDS[name]) for entry in node.value):
                    return False
            elif scalar(node) is not None:
                return False
    return True


def _has_only(node: yaml.Node, names: Collection[str]) -> bool:
    return isinstance(node, yaml.MappingNode) and all(
        isinstance(key, yaml.ScalarNode) and key.value in names for key, _ in node.value
    )


def wrapped_keys(block: yaml.Node | None) -> Iterator[str]:
    """Yield each wrapped data key of a ``sops`` block."""
    for _, entry in _entries(block):
        wrapped = (scalar(entry.get("enc")) or "").strip()
        if wrapped:
            yield wrapped


def _entries(block: yaml.Node | None) -> Iterator[tuple[str, dict[str, yaml.Node]]]:
    fields = named(block)
    groups = fields.get("key_groups")
    holders = [fields]
    if isinstance(groups, yaml.SequenceNode):
        holders.extend(named(group) for group in groups.value)
    for holder in holders:
        for kind in KINDS:
            entries = holder.get(kind)
            if isinstance(entries, yaml.SequenceNode):
                for entry in entries.value:
                    yield kind, named(entry)


def _entry_problems(kind: str, entry: dict[str, yaml.Node]) -> Iterator[str]:
    wrapped = (scalar(entry.get("enc")) or "").strip()
    if kind == "age":
        armor = _AGE_ARMOR.fullmatch(wrapped)
        body = from_base64(armor["body"]) if armor else None
        if body is None or not body.startswith(_AGE_HEADER):
            yield "a data key in it is not wrapped by age"
        if not _RECIPIENT.fullmatch(scalar(entry.get("recipient")) or ""):
            yield "it names no age recipient"
    elif kind == "pgp" and not wrapped.startswith("-----BEGIN PGP MESSAGE-----"):
        yield "a data key in it is not wrapped by OpenPGP"
    elif not wrapped:
        yield "a wrapped data key in it is empty"
