"""Commits of any shape, written by one ``git fast-import``: odd names, merges, trees without a commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Edit(NamedTuple):
    """One path that a commit writes, or with None takes out."""

    path: bytes
    text: bytes | None


@dataclass
class Commit:
    """A commit: on *parents* (refs, ids or marks), with the tree of the first but for *edits*."""

    parents: list[str]
    edits: list[Edit] = field(default_factory=list)
    is_empty: bool = False
    """Whether it begins with no file at all."""


@dataclass
class Script:
    """What ``git fast-import`` reads."""

    text: bytearray = field(default_factory=bytearray)
    marks: int = 0

    def commit(self, commit: Commit) -> str:
        """Add *commit*, and return its mark."""
        self.marks += 1
        mark = f":{self.marks}"
        lines = [f"commit refs/built/{self.marks}", f"mark {mark}"]
        lines += ["committer A <a@example.com> 1700000000 +0000", "data 1", "x"]
        first, *others = commit.parents or [""]
        lines += [f"from {first}"] * bool(first) + [f"merge {other}" for other in others]
        lines += ["deleteall"] * commit.is_empty
        self.text += "\n".join(lines).encode() + b"\n"
        for edit in commit.edits:
            if edit.text is None:
                self.text += b"D " + _quote(edit.path) + b"\n"
            else:
                self.text += b"M 100644 inline " + _quote(edit.path) + b"\n"
                self.text += b"data %d\n%b\n" % (len(edit.text), edit.text)
        self.text += b"\n"
        return mark


def _quote(path: bytes) -> bytes:
    return b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"'
