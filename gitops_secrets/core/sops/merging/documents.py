"""Which documents of three versions of a file belong together, and what a conflict calls them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from gitops_secrets.core.sops.merging.values import Place, is_branch
from gitops_secrets.core.sops.merging.version import Sides, Version
from gitops_secrets.core.sops.reader.tree import Branch

_Ident: TypeAlias = "tuple[str, str, str] | None"
"""Kind, namespace and name; None of what is no object."""


class _Idents(NamedTuple):
    """The identities of the documents of each version."""

    base: Sequence[_Ident] | None
    ours: Sequence[_Ident]
    theirs: Sequence[_Ident]

    def __repr__(self) -> str:
        # All of a file can be encrypted, its names too.
        return "_Idents(...)"

    @property
    def all(self) -> list[Sequence[_Ident]]:
        return [idents for idents in self if idents is not None]


def places_of(sides: Sides) -> tuple[Place, ...] | None:
    """Return which documents of *sides* belong together, in the order of the merged file.

    They do by their number if no object has another number in another version: then a new name is a renamed
    object, as it is in a file with one document. Else they do by kind, namespace and name. None if these do not
    tell: there are more or fewer documents, and one is no object or is there twice.
    """
    idents = _Idents(
        [_ident(d) for d in sides.base.documents] if sides.base is not None else None,
        *([_ident(d) for d in version.documents] for version in (sides.ours, sides.theirs)),
    )
    if _have_same_numbers(idents):
        numbers = range(len(idents.ours))
        found: list[tuple[int | None, int | None, int | None]] = [
            (n if sides.base is not None else None, n, n) for n in numbers
        ]
    elif all(None not in some and len(set(some)) == len(some) for some in idents.all):
        found = [
            (_find(idents.base or (), one), _find(idents.ours, one), _find(idents.theirs, one))
            for one in _ordered(idents)
        ]
    else:
        return None
    if len(found) == 1:
        return (Place("", *found[0]),)
    names = [_name(sides, *numbers) for numbers in found]
    return tuple(
        Place(name if name and names.count(name) == 1 else str(number), *numbers)
        for number, (name, numbers) in enumerate(zip(names, found, strict=True), 1)
    )


def _ident(document: Branch) -> _Ident:
    fields = dict(document)
    metadata = fields.get("metadata")
    inner = dict(metadata) if is_branch(metadata) else {}
    kind, namespace, name = fields.get("kind"), inner.get("namespace") or "", inner.get("name")
    if isinstance(kind, str) and isinstance(namespace, str) and isinstance(name, str):
        return kind, namespace, name
    return None


def _have_same_numbers(idents: _Idents) -> bool:
    """Return whether each version has as many documents, and no object has two numbers in them."""
    if len({len(some) for some in idents.all}) != 1:
        return False
    if idents.base is None and list(idents.ours) != list(idents.theirs):
        return False
    numbered = {(number, one) for some in idents.all for number, one in enumerate(some) if one}
    return len({one for _, one in numbered}) == len(numbered)


def _ordered(idents: _Idents) -> Sequence[_Ident]:
    """Return all objects in the order of the side that changed it: ours with what is theirs alone after it, if both did."""
    base, ours, theirs = idents
    if ours == base and set(ours) <= set(theirs):
        return theirs
    return tuple(dict.fromkeys((*ours, *theirs)))


def _find(idents: Sequence[_Ident], one: _Ident) -> int | None:
    return idents.index(one) if one in idents else None


def _name(sides: Sides, *numbers: int | None) -> str | None:
    """Return KIND/NAMESPACE/NAME as it stands readable in all versions; None if it does not."""
    names = {
        _readable_name(version, number)
        for version, number in zip(sides, numbers, strict=True)
        if version is not None and number is not None
    }
    return names.pop() if len(names) == 1 else None


def _readable_name(version: Version, number: int) -> str | None:
    document = version.manifest.documents[number]
    parts = [document.kind, document.namespace, document.name]
    if not parts[0] or not parts[2] or any("ENC[" in (part or "") for part in parts):
        return None
    return "/".join(part for part in parts if part)
