"""The JSON documents that commands print: one convention, which docs/schemas/README.md describes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gitops_secrets.report.words import plain

VERSIONS = {
    "apply": 1,
    "attach": 1,
    "bootstrap": 1,
    "doctor": 1,
    "edit": 1,
    "encrypt": 1,
    "error": 1,
    "hooks-status": 1,
    "key-add": 1,
    "key-list": 1,
    "key-remove": 1,
    "registry-add": 1,
    "registry-check": 1,
    "registry-explain": 1,
    "registry-import": 1,
    "registry-list": 1,
    "registry-remove": 1,
    "registry-rotate": 1,
    "registry-update": 1,
    "resolve": 1,
    "scan": 1,
    "show": 1,
    "show-diff": 1,
    "verify": 1,
    "which-rule": 1,
}
"""Each document by its name, and its version: schemas/NAME-VERSION.json describes it."""

Value: TypeAlias = bool | int | str | Sequence["Value"] | Mapping[str, "Value"] | None


class Lines(str):
    """A text of several lines, which keeps its line breaks in a document."""

    __slots__ = ()


def render_document(name: str, content: Mapping[str, Value]) -> str:
    """Return the document *name* as JSON: its schema and version, then *content* in its order.

    No string in it steers a terminal, not even once it is decoded.
    """
    document = {"schema": f"gitops-secrets/{name}", "version": VERSIONS[name], **content}
    return json.dumps(_plain(document), indent=2) + "\n"


def _plain(value: Value) -> Value:
    if isinstance(value, Lines):
        return "\n".join(map(plain, value.split("\n")))
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    return value
