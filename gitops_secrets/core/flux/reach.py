"""Which files a path of Flux comes to: as kustomize reads them, or as Flux generates what it reads."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.artifact import generated_from, kustomization_at
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import compose_documents, entries, is_yaml, items, text
from gitops_secrets.errors import GitOpsSecretsError

_LISTS = ("resources", "components", "bases")
_FROM_AFAR = ("helmCharts", "helmChartInflationGenerator", "generators")


class Fetched:
    """The files that Flux fetches, and the folders that they are in."""

    def __init__(self, tree: Overlay, *, defaults: bool, links: Collection[str] = ()) -> None:
        self.tree = tree
        self.links = links
        """The symlinks of the repository, which Flux leaves out."""
        self.defaults = defaults
        """Whether what source-controller leaves out by itself is left out: no ignore rule says otherwise."""
        self._parsed: dict[str, list[yaml.Node] | None] = {}

    def documents(self, path: str) -> list[yaml.Node]:
        """Return the root nodes of a kustomization, parsed once; none if it is not YAML."""
        if path not in self._parsed:
            try:
                self._parsed[path] = compose_documents(self.tree.read(path) or b"", path)
            except GitOpsSecretsError:
                self._parsed[path] = None
        return self._parsed[path] or []

    def is_broken(self, path: str) -> bool:
        """Return whether *path* is not valid YAML."""
        return not self.documents(path) and self._parsed[path] is None

    @cached_property
    def files(self) -> frozenset[str]:
        """Every file's path."""
        return frozenset(self.tree.files())

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file."""
        found: set[str] = set()
        for path in self.tree.files():
            folder = posixpath.dirname(path)
            while folder and folder not in found:
                found.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(found)


class Reach(NamedTuple):
    """What Flux applies from one folder."""

    files: tuple[str, ...] = ()
    generated: bool = False
    """Whether there is no kustomization.yaml, so that Flux makes one of every manifest below."""
    foreign: tuple[str, ...] = ()
    """Files that a generated kustomization would take, and that are not Kubernetes objects."""
    missing: tuple[tuple[str, str, str], ...] = ()
    """Entries that lead nowhere: the kustomization that names one, its words, and what is wrong with it."""
    unreadable: tuple[str, ...] = ()
    """Kustomizations, and files that one lists, that are not valid YAML."""
    chains: Mapping[str, tuple[str, ...]] = {}
    """By file the kustomizations that it goes through, the nearest first."""
    kustomizations: tuple[str, ...] = ()
    """Every kustomization on the way."""
    is_partial: bool = False
    """Whether something comes from outside the repository, or is made by a generator."""


NOWHERE = Reach()
"""What is read from another repository."""


def reach(fetched: Fetched, folder: str) -> Reach:
    """Return what Flux applies from *folder*; of what lies outside the repository nothing."""
    tree = fetched.tree
    foreign: list[str] = []
    missing: list[tuple[str, str, str]] = []
    unreadable: list[str] = []
    chains: dict[str, tuple[str, ...]] = {}
    visited: list[str] = []
    is_partial = False
    generated = kustomization_at(tree, folder)[1] is None
    todo, seen = [(folder, tuple[str, ...]())], set[str]()
    while todo:
        here, chain = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        path, content = kustomization_at(tree, here)
        if content is None:
            if here != folder:
                missing += (
                    [(chain[0], here, "a folder without a kustomization.yaml")] if chain else []
                )
                continue
            listed, strange = generated_from(tree, here, defaults=fetched.defaults)
            foreign += strange
        else:
            if fetched.is_broken(path):
                unreadable.append(path)
                continue
            roots = fetched.documents(path)[:1]
            visited.append(path)
            chain = (path, *chain)
            listed = [text(n) or "" for r in roots for key in _LISTS for n in items(r, key)]
            is_partial |= any(key in _FROM_AFAR for r in roots for key, _ in entries(r))
        for entry in listed:
            target = posixpath.normpath(posixpath.join(here, entry))
            if target in fetched.folders or target == ".":
                todo.append((target, chain))
            elif target in fetched.files:
                if content is not None and not is_yaml(tree.read(target) or b""):
                    unreadable.append(target)
                chains.setdefault(target, chain)
            elif _is_remote(entry, fetched.folders):
                is_partial = True
            elif "\n" not in entry:
                is_link = target in fetched.links
                why = "which is a symlink that Flux leaves out" if is_link else "which is not there"
                missing.append((path, entry, why))
    return Reach(
        tuple(sorted(chains)),
        generated,
        tuple(foreign),
        tuple(missing),
        tuple(dict.fromkeys(unreadable)),
        chains,
        tuple(visited),
        is_partial,
    )


def _is_remote(entry: str, folders: Collection[str]) -> bool:
    """Return whether kustomize would fetch *entry* from elsewhere."""
    if any(mark in entry for mark in ("://", "git@", "git::", "?", "//")):
        return True
    head, slash, _ = entry.partition("/")
    return bool(slash) and "." in head.strip(".") and head not in folders
