"""Two readable versions of a manifest, compared by value; what is said of them has no value in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.yamltext.nodes import get, text, to_value, walk_scalars

Place = tuple[str, str]
"""An object, and the way to a value in it."""


class Difference(NamedTuple):
    """One value that is not as it was."""

    object: str
    key: str
    what: str
    """added, removed or changed."""


def differences(
    old: Sequence[yaml.Node], new: Sequence[yaml.Node]
) -> tuple[tuple[Difference, ...], int]:
    """Return what of the readable documents *old* is another value in *new*, and how many values are the same."""
    before, after = dict(_values(old)), dict(_values(new))
    found = tuple(
        Difference(
            *place,
            "removed" if place not in after else "added" if place not in before else "changed",
        )
        for place in dict.fromkeys((*before, *after))
        if before.get(place) != after.get(place)
    )
    return found, len(before.keys() & after.keys()) - sum(d.what == "changed" for d in found)


def _values(roots: Sequence[yaml.Node]) -> Iterator[tuple[Place, object]]:
    for number, root in enumerate(roots):
        name = _object_of(root) or f"document {number + 1}"
        for path, node in walk_scalars(root):
            # A type counts too: the text "1" is not the number.
            yield (name, ".".join(map(str, path))), (node.tag, to_value(node))


def _object_of(root: yaml.Node) -> str:
    kind, name = text(root, "kind"), text(root, "metadata", "name")
    namespace = text(root, "metadata", "namespace")
    where = f"{namespace}/{name}" if namespace else name
    return f"{kind} {where}" if kind and name and get(root, "metadata") is not None else ""
