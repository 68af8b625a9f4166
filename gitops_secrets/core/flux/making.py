"""What the kustomizations on its way make of an object: its names, and its fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from gitops_secrets.core.flux.kustomize.replacements import Change, Made, Replacement
from gitops_secrets.core.flux.reach import Fetched, Reach
from gitops_secrets.core.flux.underway import Name, Step, Underway, flux_patches
from gitops_secrets.core.yamltext.nodes import text

Way = tuple[str, ...]
"""The kustomizations that an object goes through, the nearest first."""


def made(
    fetched: Fetched, reach: Reach, route: Way, spec: yaml.Node | None, node: yaml.Node
) -> tuple[yaml.Node, Name] | None:
    """Return the object *node* as *route* and the Kustomization of Flux with *spec* leave it, and its name.

    *reach* is all that is applied with it: a replacement may copy from any of that. None if a patch
    deletes it.
    """
    found = kustomized(fetched, reach, route, node)
    found = found.patched(flux_patches(spec)) if found is not None else None
    if found is None:
        return None
    return found.node, found.renamed(spec, text(spec, "targetNamespace")).name


def steps_of(fetched: Fetched, route: Sequence[str]) -> list[Step]:
    """Return the kustomizations of *route* with their patches."""
    return [Step(fetched.root(path), fetched.patches(path)) for path in route]


def kustomized(fetched: Fetched, reach: Reach, route: Way, node: yaml.Node) -> Underway | None:
    """Return the object *node* as *route* leaves it, None if a patch deletes it."""
    return _after(fetched, reach, route, node, len(route))


def renames(fetched: Fetched, route: Way) -> bool:
    """Return whether a replacement of *route* may give an object another name, or another namespace."""
    return any(
        path.startswith("metadata.name")
        for step in route
        for replacement in fetched.replacements(step)
        for into in replacement.targets
        for path in into.paths
    )


def _after(
    fetched: Fetched, reach: Reach, route: Way, node: yaml.Node, count: int
) -> Underway | None:
    """Return the object *node* as the first *count* kustomizations of *route* leave it."""
    found = Underway.begin(node)
    for step in range(count):
        shaped = _shaped(fetched, found, route[step])
        if shaped is None:
            return None
        found = shaped.changed(_changes(fetched, reach, route[step:]))
    return found


def _shaped(fetched: Fetched, found: Underway, path: str) -> Underway | None:
    """Return the object as the kustomization *path* leaves it before it replaces anything."""
    root = fetched.root(path)
    patched = found.patched(fetched.patches(path))
    return patched.renamed(root, text(root, "namespace")) if patched is not None else None


def _changes(fetched: Fetched, reach: Reach, way: Way) -> tuple[Change, ...]:
    """Return the replacements of the first kustomization of *way*, each with the value that it copies.

    A source is one of the objects that go the same way from there on, as it is by then.
    """
    replacements = fetched.replacements(way[0])
    if not replacements:
        return ()
    key = way, reach.kustomizations
    if key not in fetched.changes:
        found: list[Change] = []
        for one in replacements:
            candidates = _candidates(fetched, reach, way, one, found)
            found.append(Change(one.value(list(candidates)), one.targets))
        fetched.changes[key] = tuple(found)
    return fetched.changes[key]


def _candidates(
    fetched: Fetched, reach: Reach, way: Way, replacement: Replacement, before: Sequence[Change]
) -> Iterator[Made]:
    """Yield the objects that may be the source, as *before* leaves them: they are of its kind."""
    kind = replacement.source.kind
    if replacement.literal is not None:
        return
    for file, routes in reach.routes.items():
        going = [route for route in routes if route[-len(way) :] == way]
        if not going or not any(kind in ("", one.kind) for one in fetched.identities(file)):
            continue
        for node in fetched.documents(file):
            for route in going if kind in ("", text(node, "kind")) else ():
                found = _after(fetched, reach, route, node, len(route) - len(way))
                found = _shaped(fetched, found, way[0]) if found is not None else None
                if found is not None:
                    yield found.changed(before).as_made()
