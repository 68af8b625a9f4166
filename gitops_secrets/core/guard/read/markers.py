"""Inline markers: ``gitops-secrets: ignore[RULE] REASON``, in a comment on or above the line."""

from __future__ import annotations

import re

from gitops_secrets.core.guard.record.facts import Marker

_MARKER = re.compile(
    r"(?:#|//|;|--|<!--|/\*|\{\{/\*)[ \t]*gitops-secrets:[ \t]*ignore\[(?P<rule>[^\]\n]*)\][ \t]*"
    r"(?P<reason>[^\n]*)"
)
_COMMENT = re.compile(r"[ \t]*(?:#|//|;|--|<!--|/\*|\*|\{\{/\*|$)")
_MAX_MARKERS = 1000


def find_markers(text: str) -> tuple[Marker, ...]:
    """Return the markers in *text*; lines count from 1."""
    if "gitops-secrets:" not in text:
        return ()
    lines = text.split("\n")
    markers: list[Marker] = []
    for number, line in enumerate(lines):
        match = _MARKER.search(line) if "gitops-secrets:" in line else None
        if match is None:
            continue
        covers = number
        if not line[: match.start()].strip():
            covers = number + 1
            while (
                covers < len(lines) - 1 and _COMMENT.match(lines[covers]) and covers < number + 50
            ):
                covers += 1
        reason = re.sub(r"[ \t]*(?:-->|\*/(?:\}\})?)?[ \t\r]*$", "", match["reason"])
        markers.append(Marker(number + 1, match["rule"].strip()[:80], _plain(reason), covers + 1))
        if len(markers) == _MAX_MARKERS:
            break
    return tuple(markers)


def _plain(reason: str) -> str:
    return "".join(c if c.isprintable() else " " for c in reason)[:300].strip()
