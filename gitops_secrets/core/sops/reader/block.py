"""The ``sops`` block as sops decodes it: what it fails on, and what is not followed here."""

from __future__ import annotations

import re

import yaml

from gitops_secrets.core.sops.keys.managers import KINDS
from gitops_secrets.core.sops.reader.tree import RefusedError, UnsupportedError
from gitops_secrets.core.sops.rules.choices import EVERYTHING, Choice
from gitops_secrets.core.sops.structure import RULE_FIELDS, Metadata, read_metadata
from gitops_secrets.core.yamltext.nodes import entries, get, items, text
from gitops_secrets.core.yamltext.nulls import is_null

_TIME = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
    r"(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_VERSION = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}", re.ASCII)
_TEXTS = (*RULE_FIELDS, "mac", "lastmodified", "version")
_LISTS = ("age", *KINDS)
_FIELDS = frozenset((*_TEXTS, *_LISTS, "mac_only_encrypted", "shamir_threshold", "key_groups"))
_BOOLEANS = ("", "true", "True", "TRUE", "false", "False", "FALSE")
_STRING = "tag:yaml.org,2002:str"


def read_block(
    block: yaml.MappingNode, metadata: Metadata | None = None
) -> tuple[Metadata, Choice]:
    """Return what *block* says, and by which choice its values are encrypted.

    *metadata* is what it says, if that was read already.
    Raises RefusedError where sops fails on it, and UnsupportedError for what only sops can tell.
    """
    for name, node in entries(block):
        if name not in _FIELDS:
            raise UnsupportedError("its sops block has a field that sops does not write")
        if name in _LISTS and not (isinstance(node, yaml.SequenceNode) or is_null(node)):
            raise UnsupportedError("a list of its sops block is something else")
        if name in _TEXTS and not isinstance(node, yaml.ScalarNode):
            raise UnsupportedError("a text of its sops block is something else")
    metadata = metadata or read_metadata(block)
    if metadata.groups or get(block, "key_groups") is not None:
        raise UnsupportedError("it has key groups")
    if (text(block, "mac_only_encrypted") or "") not in _BOOLEANS:
        raise UnsupportedError("mac_only_encrypted is not true or false")
    _check_stamp(block)
    for kind in _LISTS:
        for entry in items(block, kind):
            _check_entry(kind, entry)
    if not metadata.keys:
        raise RefusedError("its sops block holds no data key")
    return metadata, _choice(block, metadata)


def _check_stamp(block: yaml.MappingNode) -> None:
    stamp = get(block, "lastmodified")
    if stamp is None:
        raise RefusedError("its sops block has no lastmodified")
    if stamp.tag != _STRING or not _TIME.fullmatch(str(stamp.value)):
        raise UnsupportedError("lastmodified is not written as sops writes it")
    if not _VERSION.fullmatch(text(block, "version") or ""):
        raise UnsupportedError("the version in its sops block is not one of sops")
    mac = get(block, "mac")
    if mac is not None and mac.tag != _STRING and not is_null(mac):
        raise UnsupportedError("the mac is not text")


def _check_entry(kind: str, entry: yaml.Node) -> None:
    if not isinstance(entry, yaml.MappingNode):
        raise UnsupportedError("a key in its sops block is not a mapping")
    fields = dict(entries(entry))
    if not all(
        isinstance(node, yaml.ScalarNode) for name, node in fields.items() if name != "context"
    ):
        raise UnsupportedError("a key in its sops block is not plain text")
    created = text(entry, "created_at") or ""
    if kind != "age" and not _TIME.fullmatch(created):
        raise UnsupportedError("a key in its sops block has no time")


def _choice(block: yaml.MappingNode, metadata: Metadata) -> Choice:
    fields = dict(entries(block))
    if sum(bool(text(fields[name])) for name in RULE_FIELDS if name in fields) > 1:
        raise RefusedError("its sops block has two choices of values")
    choice = Choice(*metadata.rule) if metadata.rule else EVERYTHING
    if choice.is_by_comments:
        raise UnsupportedError("its values are chosen by comments")
    if not choice.is_understood:
        raise UnsupportedError(
            "its values are chosen by a regular expression that is not understood"
        )
    return choice
