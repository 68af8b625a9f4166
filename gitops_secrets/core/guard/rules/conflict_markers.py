"""Merge conflict markers in an encrypted file, which neither sops nor Flux can read any more."""

from __future__ import annotations

import re

from gitops_secrets.core.guard.rules.base import Rule

RULE = Rule(
    "conflict-markers",
    "an encrypted file holds the markers of a merge conflict",
    "git checkout --ours {path}",
)
_MARKERS = re.compile(r"^<{7}(?: .*)?$(?=[\s\S]*?^={7}\r?$[\s\S]*?^>{7}(?: .*)?$)", re.MULTILINE)


def find(text: str) -> int | None:
    """Return the line, from 0, of the first conflict marker in *text*."""
    match = _MARKERS.search(text)
    return text.count("\n", 0, match.start()) if match else None
