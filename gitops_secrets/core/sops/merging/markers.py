"""The two sides of a file in which Git left the markers of a conflict."""

from __future__ import annotations

import re
from typing import NamedTuple

_MARK = re.compile(rb"(?P<mark><{7}|\|{7}|={7}|>{7})(?: .*)?\r?\n?")


class Sides(NamedTuple):
    """What each side made of a file, whole."""

    base: bytes
    """Empty if the markers do not show it."""
    ours: bytes
    theirs: bytes


def split_markers(content: bytes) -> Sides | None:
    """Return the sides of *content*; None if it has no conflict, or its markers are not whole."""
    base, ours, theirs = bytearray(), bytearray(), bytearray()
    everywhere = (base, ours, theirs)
    into: tuple[bytearray, ...] = everywhere
    expected: tuple[bytes, ...] = (b"<",)
    found = has_base = False
    for line in content.splitlines(keepends=True):
        match = _MARK.fullmatch(line)
        mark = match["mark"][:1] if match is not None else b""
        if mark not in expected:
            if mark in (b"<", b">", b"|"):
                return None
            for side in into:
                side.extend(line)
            continue
        found = True
        has_base = has_base or mark == b"|"
        into, expected = {
            b"<": ((ours,), (b"|", b"=")),
            b"|": ((base,), (b"=",)),
            b"=": ((theirs,), (b">",)),
            b">": (everywhere, (b"<",)),
        }[mark]
    if not found or into is not everywhere:
        return None
    return Sides(bytes(base) if has_base else b"", bytes(ours), bytes(theirs))
