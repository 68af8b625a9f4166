"""Colours for a terminal, added to lines that are complete without them."""

from __future__ import annotations

import re

_BOLD, _DIM, _RED, _GREEN, _YELLOW, _CYAN = "1", "2", "31", "32", "33", "36"
_ALARM = f"{_BOLD};{_RED}"
_STYLES = (
    (r"(?:\S.*?:\d+:\d+: |gitops-secrets: )?(error(?:\[[\w-]+\])?:)", _ALARM),
    (r"(?:\S.*?:\d+:\d+: |gitops-secrets: )?(warning(?:\[[\w-]+\])?:)", _YELLOW),
    (r"(?:    |gitops-secrets: )(hint:)", _CYAN),
    (r"(?:    see: .*|    since commit .*|gitops-secrets: run: .*)", _DIM),
    (r"\S.*?:\d+: excused\[.*", _DIM),
    (r"gitops-secrets: (?:looked at .*, )?(nothing found|healthy)", _GREEN),
    (r"gitops-secrets: (?:looked at \d+ [^,]*, )?(\d+ (?:finding|problem)s?)", _ALARM),
    (r"(note:|next:|back up now, outside Git:)", _BOLD),
    (r"(?:\+\+\+|---) .*", _BOLD),
    (r"@@ .*", _CYAN),
    (r"\+.*", _GREEN),
    (r"-.*", _RED),
    (r"  (?:Namespace|Secret) \S+ +(created|added|changed)\b", _GREEN),
    (r"  (?:Namespace|Secret) \S+ +unchanged\b.*", _DIM),
    (r"    \S+ +(READABLE)\b", _ALARM),
)
"""What is coloured: the group of the first pattern that a line begins with, or all that it matches."""


def paint(line: str) -> str:
    """Return *line*, in which nothing steers a terminal, with what matters coloured."""
    for pattern, style in _STYLES:
        found = re.match(pattern, line)
        if found:
            start, end = found.span(found.lastindex or 0)
            return f"{line[:start]}\x1b[{style}m{line[start:end]}\x1b[0m{line[end:]}"
    return line
