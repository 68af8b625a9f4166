"""What two sides made of the same values: by key, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, StrEnum
from typing import Final, NamedTuple, TypeAlias, TypeGuard, TypeVar

from gitops_secrets.core.sops.merging.registries import is_docker_config, merge_registries
from gitops_secrets.core.sops.reader.tree import Branch, Comment, Typed, Value
from gitops_secrets.core.veiled import Veiled

Documents: TypeAlias = "Sequence[Branch]"
"""What a file holds, readable."""


class Side(StrEnum):
    """Whose version: Git calls the branch that is checked out ours, and base is where both began."""

    OURS = "ours"
    THEIRS = "theirs"
    BASE = "base"

    @property
    def other(self) -> Side:
        """The other of ours and theirs."""
        return Side.THEIRS if self is Side.OURS else Side.OURS


class _Absent(Enum):
    HERE = "a key that is not there"


_ABSENT: Final = _Absent.HERE
_Node: TypeAlias = "Value | _Absent"
_Any = TypeVar("_Any")


class Place(NamedTuple):
    """Where one document is in each version, counted from 0; None if a version does not have it."""

    name: str
    """What its conflicts begin with; empty if it is the only document."""
    base: int | None
    ours: int | None
    theirs: int | None

    def of(self, side: Side) -> int | None:
        """Return where it is in the version of *side*, ours or theirs."""
        return self.ours if side is Side.OURS else self.theirs

    @property
    def is_on_both_sides(self) -> bool:
        """Whether no side added or removed it alone."""
        return self.ours is not None and self.theirs is not None


class Merged(Veiled):
    """The documents that came out, and the keys that both sides changed, to different values."""

    __slots__ = ("conflicts", "documents", "places")

    def __init__(
        self, documents: tuple[Branch, ...], places: tuple[Place, ...], conflicts: tuple[str, ...]
    ) -> None:
        self.documents = documents
        """With our value, or the base's if that was asked for, where both sides changed one."""
        self.places = places
        """Where each of the documents is in the versions."""
        self.conflicts = conflicts
        """Each as FIELD.KEY, with the name of its document before it if there are several."""


def merge_values(
    places: Sequence[Place],
    base: Documents,
    ours: Documents,
    theirs: Documents,
    chosen: Mapping[str, Side],
    otherwise: Side = Side.OURS,
) -> Merged:
    """Return the three versions merged, whose documents belong together as *places* say.

    *chosen* says by key whose value counts where both changed it, and *otherwise* whose counts for all
    other keys. A document is a value too: its key is its name.
    """
    merge = _Merge(chosen, otherwise)
    documents, kept = [], []
    for place in places:
        document = merge.document(
            _at(base, place.base), _at(ours, place.ours), _at(theirs, place.theirs), place.name
        )
        if document is not _ABSENT:
            documents.append(document)
            kept.append(place)
    return Merged(tuple(documents), tuple(kept), tuple(merge.conflicts))


def _at(documents: Documents, number: int | None) -> Branch | _Absent:
    return documents[number] if number is not None else _ABSENT


def is_branch(value: object) -> TypeGuard[Branch]:
    """Return whether *value* is a mapping."""
    return isinstance(value, tuple) and not isinstance(value, (Typed, Comment))


def is_same(one: object, other: object) -> bool:
    """Return whether both hold the same, types included, in whatever order their keys are."""
    if is_branch(one) and is_branch(other):
        left, right = dict(one), dict(other)
        return left.keys() == right.keys() and all(is_same(left[key], right[key]) for key in left)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and one == other


def are_same(one: Documents, other: Documents) -> bool:
    """Return whether two files hold the same."""
    return is_same(list(one), list(other))


def merge_names(
    base: Collection[str], ours: Sequence[str], theirs: Sequence[str]
) -> tuple[str, ...]:
    """Return whom both sides let in, less whom either put out: in our order, theirs after it."""
    kept = [name for name in ours if name in theirs or name not in base]
    return (*kept, *(name for name in theirs if name not in ours and name not in base))


class _Merge:
    def __init__(self, chosen: Mapping[str, Side], otherwise: Side) -> None:
        self._chosen = chosen
        self._otherwise = otherwise
        self.conflicts: list[str] = []

    def document(
        self, base: Branch | _Absent, ours: Branch | _Absent, theirs: Branch | _Absent, name: str
    ) -> Branch | _Absent:
        """Return the document merged, or that there is none."""
        path = (name,) if name else ()
        if is_branch(ours) and is_branch(theirs):
            return self._branch(base, ours, theirs, path)
        if is_same(theirs, base):
            return ours
        if is_same(ours, base):
            return theirs
        found: Branch | _Absent = self._pick(base, ours, theirs, path)
        return found

    def _branch(
        self, base: _Node, ours: Branch, theirs: Branch, path: tuple[str, ...]
    ) -> tuple[tuple[str, Value], ...]:
        """Return the mappings merged: in our order, with the keys that are theirs alone after it."""
        before = dict(base) if is_branch(base) else {}
        mine, other = dict(ours), dict(theirs)
        found = []
        for key in dict.fromkeys((*mine, *other)):
            node = self._node(
                before.get(key, _ABSENT),
                mine.get(key, _ABSENT),
                other.get(key, _ABSENT),
                (*path, key),
            )
            if node is not _ABSENT:
                found.append((key, node))
        return tuple(found)

    def _node(self, base: _Node, ours: _Node, theirs: _Node, path: tuple[str, ...]) -> _Node:
        if is_same(ours, theirs) or is_same(theirs, base):
            return ours
        if is_same(ours, base):
            return theirs
        if is_branch(ours) and is_branch(theirs) and (base is _ABSENT or is_branch(base)):
            return self._branch(base, ours, theirs, path)
        if is_docker_config(path) and isinstance(ours, str) and isinstance(theirs, str):
            text = base if isinstance(base, str) else None
            found = merge_registries(text, ours, theirs, path, self._pick)
            if found is not None:
                return found
        return self._pick(base, ours, theirs, path)

    def _pick(self, base: _Any, ours: _Any, theirs: _Any, path: tuple[str, ...]) -> _Any:
        key = ".".join(path)
        if key not in self._chosen:
            self.conflicts.append(key)
        side = self._chosen.get(key, self._otherwise)
        return {Side.OURS: ours, Side.THEIRS: theirs, Side.BASE: base}[side]
