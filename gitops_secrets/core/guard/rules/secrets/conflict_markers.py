"""Merge conflict markers in an encrypted file, which neither sops nor Flux can read any more."""

from __future__ import annotations

import re

from gitops_secrets.core.guard.rules.base import RESOLVE, Rule

RULE = Rule(
    "conflict-markers",
    "an encrypted file holds the markers of a merge conflict",
    RESOLVE,
)
_MARKERS = (
    re.compile(r"^<{7}(?: .*)?$", re.MULTILINE),
    re.compile(r"^={7}\r?$", re.MULTILINE),
    re.compile(r"^>{7}(?: .*)?$", re.MULTILINE),
)
"""Each has to stand below the one before it."""


def find(text: str) -> int | None:
    """Return the line, from 0, of the first conflict marker in *text*."""
    places: list[int] = []
    for marker in _MARKERS:
        match = marker.search(text, places[-1] if places else 0)
        if match is None:
            return None
        places.append(match.start())
    return text.count("\n", 0, places[0])
