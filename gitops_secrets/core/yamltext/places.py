"""Places in documents. Light on purpose: a hook that finds nothing never loads a YAML parser."""

from __future__ import annotations

from typing import NamedTuple

Path = tuple[str | int, ...]
"""The way from a document's root to a node: mapping keys and list indexes."""


class Position(NamedTuple):
    """A place in a text; both counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"
