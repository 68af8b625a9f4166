"""The tree that a regular expression of Go's is read as."""

from __future__ import annotations

from typing import NamedTuple

from gitops_secrets.core.goregex.chars import Chars


class Assertion(NamedTuple):
    """A place between characters: one of ``^``, ``$`` (by line), ``A``, ``z``, ``b``, ``B``."""

    kind: str


class Sequence(NamedTuple):
    """One part after the other."""

    parts: tuple[Node, ...]


class Choice(NamedTuple):
    """Any of the parts."""

    parts: tuple[Node, ...]


class Repeat(NamedTuple):
    """A part, *least* to *most* times; *most* is None without a bound."""

    part: Node
    least: int
    most: int | None
    is_counted: bool
    """Whether it is written with numbers in braces."""


Node = Chars | Assertion | Sequence | Choice | Repeat


def may_repeat(node: Node, left: int) -> bool:
    """Return whether the counted repeats of *node* multiply to *left* at most, counted as Go counts."""
    if isinstance(node, Repeat):
        if node.is_counted:
            if node.most == 0:
                return True
            count = node.least if node.most is None else node.most
            if count > left:
                return False
            left = left // count if count else left
        return may_repeat(node.part, left)
    if isinstance(node, Sequence | Choice):
        return all(may_repeat(part, left) for part in node.parts)
    return True
