"""The config that sops is started with: one creation rule, read and checked, and the indents.

sops never gets a repository's ``.sops.yaml`` itself. What was not read here, it cannot act on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.creationrules import CreationRule
from gitops_secrets.core.yamltext.nodes import compose_single, get, text
from gitops_secrets.errors import InvalidDocumentError

_INDENTED = ("yaml", "json")


def render_config(
    encrypted_regex: str, recipients: Sequence[str], indents: dict[str, int]
) -> bytes:
    """Return a config by which sops encrypts any file for *recipients*, the values *encrypted_regex* names."""
    config = {
        "creation_rules": [{"encrypted_regex": encrypted_regex, "age": list(recipients)}],
        "stores": {store: {"indent": indent} for store, indent in indents.items()},
    }
    return json.dumps(config).encode()


def config_of(content: bytes, rule: CreationRule) -> bytes:
    """Return the config for *rule*, which encrypts for age alone, of the ``.sops.yaml`` *content*.

    Raises InvalidDocumentError if an indent of its stores is not a number.
    """
    recipients = [recipient.value for recipient in rule.recipients]
    return render_config(rule.encrypted_regex or "", recipients, _indents(content))


def _indents(content: bytes) -> dict[str, int]:
    root = compose_single(content, CONFIG)
    found = {}
    for store in _INDENTED:
        value = text(root, "stores", store, "indent")
        if value is None:
            continue
        if not re.fullmatch(r"-1|\d{1,2}", value):
            node = get(root, "stores", store, "indent")
            line = node.start_mark.line + 1 if node is not None else 1
            raise InvalidDocumentError(
                f"{CONFIG}:{line}: stores.{store}.indent is not a number of spaces",
                f"stores: {{{store}: {{indent: 2}}}}",
            )
        found[store] = int(value)
    return found
