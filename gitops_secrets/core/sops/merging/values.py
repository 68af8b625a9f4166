"""What two sides made of the same values: by key, in memory."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

import yaml

from gitops_secrets.core.veiled import Veiled
from gitops_secrets.core.yamltext.nodes import entries


class Side(StrEnum):
    """Whose version: Git calls the branch that is checked out ours."""

    OURS = "ours"
    THEIRS = "theirs"


class Merged(Veiled):
    """The documents that came out, and the keys that both sides changed, to different values."""

    __slots__ = ("conflicts", "roots")

    def __init__(self, roots: tuple[yaml.Node, ...], conflicts: tuple[str, ...]) -> None:
        self.roots = roots
        """With our value where both sides changed one."""
        self.conflicts = conflicts
        """Each as FIELD.KEY, with the number of its document before it if there are several."""


def merge_values(
    base: Sequence[yaml.Node],
    ours: Sequence[yaml.Node],
    theirs: Sequence[yaml.Node],
    chosen: Mapping[str, Side],
) -> Merged | None:
    """Return the three versions merged, all of them readable; None if they do not have the same documents.

    Without documents in *base* both sides made the file. *chosen* says by key whose value counts where
    both changed it.
    """
    if len(ours) != len(theirs) or (base and len(base) != len(ours)):
        return None
    merge = _Merge(chosen)
    bases: Sequence[yaml.Node | None] = base or [None] * len(ours)
    found = [
        merge.node(b, o, t, (str(number),) if len(ours) > 1 else ())
        for number, (b, o, t) in enumerate(zip(bases, ours, theirs, strict=True), 1)
    ]
    return Merged(tuple(node for node in found if node is not None), tuple(merge.conflicts))


def is_same(one: yaml.Node | None, other: yaml.Node | None) -> bool:
    """Return whether both hold the same, types included, in whatever order their keys are."""
    if isinstance(one, yaml.ScalarNode) and isinstance(other, yaml.ScalarNode):
        return bool(one.tag == other.tag and one.value == other.value)
    if isinstance(one, yaml.SequenceNode) and isinstance(other, yaml.SequenceNode):
        return len(one.value) == len(other.value) and all(map(is_same, one.value, other.value))
    if isinstance(one, yaml.MappingNode) and isinstance(other, yaml.MappingNode):
        left, right = dict(entries(one)), dict(entries(other))
        return left.keys() == right.keys() and all(is_same(left[key], right[key]) for key in left)
    return one is None and other is None


class _Merge:
    def __init__(self, chosen: Mapping[str, Side]) -> None:
        self._chosen = chosen
        self.conflicts: list[str] = []

    def node(
        self,
        base: yaml.Node | None,
        ours: yaml.Node | None,
        theirs: yaml.Node | None,
        path: tuple[str, ...],
    ) -> yaml.Node | None:
        if is_same(ours, theirs) or is_same(theirs, base):
            return ours
        if is_same(ours, base):
            return theirs
        if isinstance(ours, yaml.MappingNode) and isinstance(theirs, yaml.MappingNode):
            return self._mapping(base, ours, theirs, path)
        key = ".".join(path)
        if key not in self._chosen:
            self.conflicts.append(key)
        return theirs if self._chosen.get(key) is Side.THEIRS else ours

    def _mapping(
        self,
        base: yaml.Node | None,
        ours: yaml.MappingNode,
        theirs: yaml.MappingNode,
        path: tuple[str, ...],
    ) -> yaml.Node:
        before, mine, other = (dict(entries(side)) for side in (base, ours, theirs))
        names = {str(k.value): k for k, _ in (*theirs.value, *ours.value)}
        values = []
        for key in dict.fromkeys((*mine, *other)):
            found = self.node(before.get(key), mine.get(key), other.get(key), (*path, key))
            if found is not None:
                values.append((names[key], found))
        merged = copy.copy(ours)
        merged.value = values
        return merged


def merge_names(
    base: Collection[str], ours: Sequence[str], theirs: Sequence[str]
) -> tuple[str, ...]:
    """Return whom both sides let in, less whom either put out: in our order, theirs after it."""
    kept = [name for name in ours if name in theirs or name not in base]
    return (*kept, *(name for name in theirs if name not in ours and name not in base))
