"""The config that sops is started with: one creation rule, read and checked, and the indents.

sops never gets a repository's ``.sops.yaml`` itself. What was not read here, it cannot act on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from gitops_secrets.core.sops.config import fields, read_root, refused, text_of
from gitops_secrets.core.sops.creationrules import CreationRule
from gitops_secrets.core.sops.structure import Metadata

_INDENTED = ("yaml", "json")


def render_config(
    encrypted_regex: str, recipients: Sequence[str], indents: dict[str, int]
) -> bytes:
    """Return a config by which sops encrypts any file for *recipients*, the values *encrypted_regex* names."""
    return _render({"encrypted_regex": encrypted_regex, "age": list(recipients)}, indents)


def config_like(metadata: Metadata, recipients: Sequence[str], indents: dict[str, int]) -> bytes:
    """Return a config by which sops encrypts as *metadata* says that a file is encrypted, for *recipients*."""
    made: dict[str, object] = {"age": list(recipients)}
    if metadata.rule is not None:
        field, value = metadata.rule
        made[field] = value
    if metadata.mac_only_encrypted:
        made["mac_only_encrypted"] = True
    return _render(made, indents)


def config_of(content: bytes, rule: CreationRule) -> bytes:
    """Return the config for *rule*, which encrypts for age alone, of the ``.sops.yaml`` *content*.

    Raises InvalidDocumentError if an indent of its stores is not a number.
    """
    made: dict[str, object] = dict(rule.choices)
    groups = [[recipient.value for recipient in group.recipients] for group in rule.groups]
    if len(groups) == 1:
        made["age"] = groups[0]
    else:
        made["key_groups"] = [{"age": recipients} for recipients in groups]
        made["shamir_threshold"] = rule.threshold
    if rule.mac_only_encrypted:
        made["mac_only_encrypted"] = True
    return _render(made, _indents(content))


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
