"""What the kustomizations on its way make of an object: its names, and its fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.kustomize.patches import Patch, Subject, patched, read_patches
from gitops_secrets.core.flux.reach import Fetched
from gitops_secrets.core.yamltext.nodes import entries, text
from gitops_secrets.errors import GitOpsSecretsError

_KEEP_THEIR_NAMES = ("Namespace", "CustomResourceDefinition", "APIService")
"""The kinds to which kustomize adds no prefix and no suffix."""


class Name(NamedTuple):
    """What an object is called at one step of its way."""

    namespace: str | None
    name: str


def names_along(
    kind: str, written: Name, roots: Iterable[yaml.Node | None], spec: yaml.Node | None
) -> list[Name]:
    """Return the names of an object: as it is *written*, after each kustomization, and after Flux.

    *roots* are the kustomizations, *spec* that of the Kustomization of Flux.
    """
    found = [written]
    for root in roots:
        found.append(_renamed(kind, found[-1], root, text(root, "namespace")))
    found.append(_renamed(kind, found[-1], spec, text(spec, "targetNamespace")))
    return found


def _renamed(kind: str, name: Name, root: yaml.Node | None, namespace: str | None) -> Name:
    if kind == "Namespace":
        return Name(None, namespace or name.name)
    affixed = name.name
    if kind not in _KEEP_THEIR_NAMES:
        affixed = f"{text(root, 'namePrefix') or ''}{affixed}{text(root, 'nameSuffix') or ''}"
    return Name(namespace or name.namespace, affixed)


def made(
    fetched: Fetched, route: Sequence[str], spec: yaml.Node | None, node: yaml.Node
) -> tuple[yaml.Node, Name] | None:
    """Return the object *node* as *route* and the Kustomization of Flux with *spec* leave it, and its name.

    None if a patch deletes it.
    """
    kind = text(node, "kind") or ""
    written = Name(text(node, "metadata", "namespace"), text(node, "metadata", "name") or "")
    roots = [fetched.root(path) for path in route]
    names = names_along(kind, written, roots, spec)
    for number, patches in enumerate([*map(fetched.patches, route), flux_patches(spec)]):
        subject = called(kind, names[: number + 1])._replace(
            labels=_texts(node, "labels"), annotations=_texts(node, "annotations")
        )
        if any(patch.deletes and patch.may_apply(subject) for patch in patches):
            return None
        node = patched(node, subject, patches)
    return node, names[-1]


def as_written(node: yaml.Node) -> Subject:
    """Return what a patch sees of the object *node*, as its file has it."""
    return Subject(
        text(node, "kind") or "",
        text(node, "metadata", "name") or "",
        text(node, "metadata", "namespace"),
        _texts(node, "labels"),
        _texts(node, "annotations"),
    )


def called(kind: str, names: Sequence[Name]) -> Subject:
    """Return what a patch sees of an object that has had *names*, the last of them now."""
    known = [(found.namespace or "default", found.name) for found in names]
    return Subject(kind, known[-1][1], known[-1][0], former=tuple(known[:-1]))


def flux_patches(spec: yaml.Node | None) -> list[Patch]:
    """Return the patches of a Kustomization of Flux with *spec*; none if one is not YAML."""
    try:
        return read_patches(spec, lambda _name: b"")
    except GitOpsSecretsError:
        return []


def _texts(node: yaml.Node, field: str) -> dict[str, str]:
    return {key: text(value) or "" for key, value in entries(node, "metadata", field)}
