"""The config that sops is started with: one creation rule, read and checked, and the indents.

sops never gets a repository's ``.sops.yaml`` itself. What was not read here, it cannot act on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.rules.config import fields, read_root, refused, text_of
from gitops_secrets.core.yamltext.nodes import get

if TYPE_CHECKING:
    from gitops_secrets.core.sops.rules.creation import CreationRule

_INDENTED = ("yaml", "json")
_JSON_INDENT = re.compile(rb'(?m)^( +|)\t*"sops": \{')
_MAX_INDENT = 10


class Ruling(NamedTuple):
    """By what a file is encrypted."""

    config: bytes
    """All that sops gets to see of the rules."""
    recipients: tuple[str, ...]
    mac_only: bool = False
    """Whether the MAC is to be over the encrypted values alone."""
    needed: int = 1
    """Of how many of these groups of recipients sops needs an identity to decrypt."""
    groups: tuple[tuple[str, ...], ...] = ()
    """The recipients by key group; empty if there is one group."""

    @property
    def opening(self) -> tuple[tuple[str, ...], ...]:
        """The groups of recipients of which identities decrypt."""
        return self.groups or (self.recipients,)


def render_config(
    encrypted_regex: str, recipients: Sequence[str], indents: dict[str, int]
) -> bytes:
    """Return a config by which sops encrypts any file for *recipients*, the values *encrypted_regex* names."""
    return _render({"encrypted_regex": encrypted_regex, "age": list(recipients)}, indents)


def config_of(content: bytes, rule: CreationRule) -> bytes:
    """Return the config for *rule*, which encrypts for age alone, of the ``.sops.yaml`` *content*.

    Raises InvalidDocumentError if an indent of its stores is not a number.
    """
    groups = [[recipient.value for recipient in group.recipients] for group in rule.groups]
    made: dict[str, object] = {**dict(rule.choices), **_keys(groups, rule.threshold)}
    if rule.mac_only_encrypted:
        made["mac_only_encrypted"] = True
    return _render(made, _indents(content))


def ruling_like(sealed: Manifest, recipients: Sequence[str]) -> Ruling:
    """Return the ruling by which *sealed* is encrypted as it is now, in the same form, for *recipients*.

    If it has key groups they stay as they are: *recipients* are those of its groups.
    """
    metadata = sealed.metadata
    groups = metadata.opening if metadata is not None and metadata.groups else ()
    needed = metadata.needed if metadata is not None and metadata.groups else 1
    made: dict[str, object] = _keys(groups or (tuple(recipients),), needed)
    mac_only = metadata is not None and metadata.mac_only_encrypted
    if metadata is not None and metadata.rule is not None:
        made |= dict([metadata.rule])
    if mac_only:
        made["mac_only_encrypted"] = True
    config = _render(made, _indents_like(sealed))
    return Ruling(config, tuple(recipients), mac_only=mac_only, needed=needed, groups=groups)


def _keys(groups: Sequence[Sequence[str]], threshold: int) -> dict[str, object]:
    """Return the fields of a rule for *groups* of recipients."""
    if len(groups) == 1:
        return {"age": list(groups[0])}
    return {
        "key_groups": [{"age": list(recipients)} for recipients in groups],
        "shamir_threshold": threshold,
    }


def _indents_like(sealed: Manifest) -> dict[str, int]:
    """Return by how many spaces *sealed* is indented, as sops takes it: -1 for tabs."""
    if sealed.path.endswith(".json"):
        found = _JSON_INDENT.search(sealed.content)
        return {"json": len(found[1]) or -1} if found else {}
    block = get(sealed.roots[0], "sops") if sealed.roots else None
    column = block.start_mark.column if block is not None else 0
    return {"yaml": column} if 0 < column < _MAX_INDENT else {}


def _render(rule: Mapping[str, object], indents: dict[str, int]) -> bytes:
    config = {
        "creation_rules": [rule],
        "stores": {store: {"indent": indent} for store, indent in indents.items()},
    }
    return json.dumps(config).encode()


def _indents(content: bytes) -> dict[str, int]:
    root = read_root(content)
    stores = fields(root, "").get("stores") if root is not None else None
    found = {}
    for store in _INDENTED:
        node = fields(stores, "stores").get(store) if stores is not None else None
        if node is None:
            continue
        inner = fields(node, f"stores.{store}")
        value = text_of(inner, "indent")
        if not value:
            continue
        if not re.fullmatch(r"-1|\d{1,2}", value):
            raise refused(
                inner["indent"],
                f"stores.{store}.indent is not a number of spaces",
                f"stores: {{{store}: {{indent: 2}}}}",
            )
        found[store] = int(value)
    return found
