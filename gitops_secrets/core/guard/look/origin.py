"""Where a piece of text came from: the place to report, the object around it, and its wrappings."""

from __future__ import annotations

import re
from typing import NamedTuple

from gitops_secrets.core.guard.record.facts import Identity, Key

MAX_WRAPPINGS = 8
"""How often encoded or nested a text may be and still be looked at."""
_COMMENT_LINE = re.compile(r"[ \t]*(?:#|//|;|--[ \t]|<!--|REM[ \t]|\*[ \t])")


class Origin(NamedTuple):
    """The origin of a piece of text."""

    line: int = 0
    """The line of the file, from 0, on which the piece begins."""
    column: int = 0
    exact: bool = True
    """Whether the lines of the piece are lines of the file; else all of it is reported at its beginning."""
    identity: Identity | None = None
    """The object around it."""
    in_secret: bool = False
    """Whether that object is a Secret, or a key that only a pull secret has leads here."""
    key: Key = ()
    comment: bool = False
    annotation: bool = False
    wrappings: tuple[str, ...] = ()
    """What was undone to read it, outermost first: "base64", "gzip" and the like."""
    expected: int = 0
    """How many of the wrappings belong there, as base64 below a Secret's ``data`` does."""
    depth: int = 0

    def at(self, line: int, column: int) -> tuple[int, int]:
        """Return the place in the file, from 1, of a place in the piece, from 0."""
        if not self.exact:
            return self.line + 1, self.column + 1
        return self.line + line + 1, column + 1 + (self.column if line == 0 else 0)

    def inside(self, line: int, column: int, *, exact: bool) -> Origin:
        """Return the origin of a piece that begins at a place of this one."""
        if not self.exact:
            return self._replace(depth=self.depth + 1)
        return self._replace(
            line=self.line + line,
            column=column + (self.column if line == 0 else 0),
            exact=exact,
            depth=self.depth + 1,
        )

    def unwrapped(self, wrapping: str) -> Origin:
        """Return the origin of what was wrapped here."""
        return self._replace(
            wrappings=(*self.wrappings, wrapping), exact=False, depth=self.depth + 1
        )

    @property
    def packed(self) -> str:
        """How the piece is packed beyond what belongs there; empty where it is not."""
        wrappings = list(self.wrappings)
        if self.expected and wrappings and wrappings[0] == "base64":
            wrappings = wrappings[1:]
        if (
            all(w == "base64" for w in wrappings)
            and len(wrappings) < 2
            and not (self.expected and wrappings)
        ):
            return ""
        return " in ".join(reversed(self.wrappings))


def is_comment(text: str, offset: int) -> bool:
    """Return whether the line at *offset* is a comment, in any of the languages of a repository."""
    return _COMMENT_LINE.match(text, text.rfind("\n", 0, offset) + 1) is not None


def place(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column, from 0, of *offset* in *text*."""
    return text.count("\n", 0, offset), offset - text.rfind("\n", 0, offset) - 1
