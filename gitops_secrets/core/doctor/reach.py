"""Which files a path of Flux comes to: as kustomize reads them, or as Flux generates what it reads."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from gitops_secrets.core.artifact import generated_from, kustomization_at
from gitops_secrets.core.overlay import Overlay
from gitops_secrets.core.yamldoc import compose_documents, items, text
from gitops_secrets.errors import GitOpsSecretsError

_LISTS = ("resources", "components", "bases")


class Reach(NamedTuple):
    """What Flux applies from one folder."""

    files: tuple[str, ...]
    generated: bool
    """Whether there is no kustomization.yaml, so that Flux makes one of every manifest below."""
    foreign: tuple[str, ...]
    """Files that a generated kustomization would take, and that are no Kubernetes objects."""
    missing: tuple[tuple[str, str], ...]
    """Entries that lead nowhere, with the kustomization that names them."""
    unreadable: tuple[str, ...]
    """Kustomizations that are not valid YAML."""


def reach(tree: Overlay, folder: str) -> Reach:
    """Return what Flux applies from *folder*; of what lies outside the repository nothing."""
    files = set(tree.files())
    folders = {f for path in files for f in _parents(path)}
    found: list[str] = []
    foreign: list[str] = []
    missing: list[tuple[str, str]] = []
    unreadable: list[str] = []
    generated = kustomization_at(tree, folder)[1] is None
    todo, seen = [folder], set[str]()
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        path, content = kustomization_at(tree, here)
        if content is None:
            if here != folder:
                continue
            listed, strange = generated_from(tree, here)
            foreign += strange
        else:
            try:
                roots = compose_documents(content, path)
            except GitOpsSecretsError:
                unreadable.append(path)
                continue
            listed = [text(n) or "" for r in roots[:1] for key in _LISTS for n in items(r, key)]
        for entry in listed:
            target = posixpath.normpath(posixpath.join(here, entry))
            if target in folders or target == ".":
                todo.append(target)
            elif target in files:
                found.append(target)
            elif "://" not in entry and not entry.startswith("git@") and ".com/" not in entry:
                missing.append((path, entry))
    return Reach(
        tuple(sorted(set(found))), generated, tuple(foreign), tuple(missing), tuple(unreadable)
    )


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
