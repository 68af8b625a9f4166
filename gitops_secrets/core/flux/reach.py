"""Which files a path of Flux comes to: as kustomize reads them, or as Flux generates what it reads."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.artifact import generated_from, kustomization_at
from gitops_secrets.core.flux.kustomizations import FluxKustomization, kustomizations_in
from gitops_secrets.core.flux.kustomize.identities import Identity, identities
from gitops_secrets.core.flux.kustomize.inputs import input_files
from gitops_secrets.core.flux.kustomize.patches import Patch, read_patches
from gitops_secrets.core.flux.kustomize.replacements import (
    Change,
    Replacement,
    read_replacements,
)
from gitops_secrets.core.flux.objects import composed
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import entries, is_yaml, items, text
from gitops_secrets.errors import GitOpsSecretsError

_LISTS = ("resources", "bases")
_MOST_FOLDERS = 20_000
"""More than any repository has; overlays of overlays of a base could lead to it in very many ways."""
_MOST_LEVELS = 8
"""At which one component may come in again on one way: more is a cycle."""
TWICE = "a second time"
"""What is wrong with an entry that a list has already."""
_FROM_AFAR = ("helmCharts", "helmChartInflationGenerator", "generators")


class Fetched:
    """The files that Flux fetches, and the folders that they are in."""

    def __init__(self, tree: Overlay, *, defaults: bool, links: Collection[str] = ()) -> None:
        self.tree = tree
        self.links = links
        """The symlinks of the repository, which Flux leaves out."""
        self.defaults = defaults
        """Whether what source-controller leaves out by itself is left out: no ignore rule says otherwise."""
        self._patches: dict[str, list[Patch]] = {}
        self._replacements: dict[str, tuple[Replacement, ...]] = {}
        self.changes: dict[tuple[tuple[str, ...], ...], tuple[Change, ...]] = {}
        """What replacements copy, by the way from their kustomization on and all kustomizations of a build."""

    def patches(self, path: str) -> list[Patch]:
        """Return the patches of the kustomization *path*, read once; none if one is not YAML."""
        if path not in self._patches:
            root = self.root(path)
            try:
                self._patches[path] = read_patches(
                    root, self.tree.named_in(posixpath.dirname(path))
                )
            except GitOpsSecretsError:
                self._patches[path] = []
        return self._patches[path]

    def replacements(self, path: str) -> tuple[Replacement, ...]:
        """Return the replacements of the kustomization *path*, read once."""
        if path not in self._replacements:
            read = self.tree.named_in(posixpath.dirname(path))
            self._replacements[path] = read_replacements(self.root(path), read)
        return self._replacements[path]

    def documents(self, path: str) -> list[yaml.Node]:
        """Return the root nodes of a kustomization, parsed once; none if it is not YAML."""
        return self.tree.derive(path, composed) or []

    def root(self, path: str) -> yaml.Node | None:
        """Return the root node of the kustomization *path*, the first if it has several; None if it has none."""
        return next(iter(self.documents(path)), None)

    def is_broken(self, path: str) -> bool:
        """Return whether *path* is not valid YAML."""
        return self.tree.derive(path, composed) is None

    def is_yaml(self, path: str) -> bool:
        """Return whether *path* parses."""
        return self.tree.derive(path, _parses)

    def identities(self, path: str) -> list[Identity]:
        """Return what the manifests of *path* are, read once."""
        return self.tree.derive(path, identities)

    def kustomizations(self, path: str) -> list[FluxKustomization]:
        """Return the Kustomizations of Flux in *path*, read once; none if it is not YAML."""
        return self.tree.derive(path, kustomizations_in)

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


def _parses(content: bytes, _path: str) -> bool:
    return is_yaml(content)


class Reach(NamedTuple):
    """What Flux applies from one folder."""

    files: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """Files that a generated kustomization would take, and that are not Kubernetes objects."""
    missing: tuple[tuple[str, str, str], ...] = ()
    """Entries that lead nowhere: the kustomization that names one, its words, and what is wrong with it."""
    unreadable: tuple[str, ...] = ()
    """Kustomizations, and files that one lists, that are not valid YAML."""
    routes: Mapping[str, tuple[tuple[str, ...], ...]] = {}
    """By file each way to it: the kustomizations that it goes through, the nearest first, each after its
    components. A base that two overlays use has two."""
    inputs: Mapping[str, str] = {}
    """The files of patches and generators, each with the kustomization that reads it."""
    kustomizations: tuple[str, ...] = ()
    """Every kustomization on the way."""
    generating: Mapping[str, tuple[tuple[str, ...], ...]] = {}
    """By kustomization each way of what it generates: the kustomizations that this goes through, itself among them."""
    is_partial: bool = False
    """Whether something comes from outside the repository, or is made by a generator."""


NOWHERE = Reach()
"""What is read from another repository."""
UNKNOWN = Reach(is_partial=True)
"""What a path with a variable leads to that Git does not tell."""


def reach(fetched: Fetched, folder: str, components: Sequence[str] = ()) -> Reach:
    """Return what Flux applies from *folder*; of what lies outside the repository nothing.

    *components* are those of the Kustomization itself, by their path from *folder*.
    """
    walk = _Walk(fetched, folder, components)
    while walk.todo:
        walk.enter(*walk.todo.pop())
    return Reach(
        tuple(sorted(walk.routes)),
        tuple(walk.foreign),
        tuple(walk.missing),
        tuple(dict.fromkeys(walk.unreadable)),
        {file: tuple(found) for file, found in walk.routes.items()},
        walk.inputs,
        tuple(dict.fromkeys(walk.visited)),
        {path: tuple(found) for path, found in walk.generating.items()},
        walk.is_partial,
    )


class _Walk:
    """The way from one folder to every file that kustomize reads."""

    def __init__(self, fetched: Fetched, folder: str, components: Sequence[str]) -> None:
        self._fetched = fetched
        self._top = folder
        self._seen: set[tuple[str, tuple[str, ...]]] = set()
        self.foreign: list[str] = []
        self.missing: list[tuple[str, str, str]] = []
        self.unreadable: list[str] = []
        self.routes: dict[str, list[tuple[str, ...]]] = {}
        self.inputs: dict[str, str] = {}
        self.visited: list[str] = []
        self.generating: dict[str, list[tuple[str, ...]]] = {}
        self.is_partial = False
        self._components = components
        self.todo: list[tuple[str, tuple[str, ...], str]] = [(folder, (), "")]

    def enter(self, here: str, chain: tuple[str, ...], lister: str) -> None:
        """Take in the folder *here*, to which *chain* led, and which the kustomization *lister* names."""
        if (here, chain) in self._seen or len(self._seen) > _MOST_FOLDERS:
            return
        self._seen.add((here, chain))
        path, content = kustomization_at(self._fetched.tree, here)
        if content is not None:
            self._read(here, path, chain)
        elif here != self._top:
            if lister:
                self.missing.append((lister, here, "a folder without a kustomization.yaml"))
        else:
            chain = self._take_components(here, self._components, "", ())
            defaults = self._fetched.defaults
            listed, strange = generated_from(self._fetched.tree, here, defaults=defaults)
            self.foreign += strange
            for entry in listed:
                self._follow(here, entry, None, chain)

    def _read(self, here: str, path: str, chain: tuple[str, ...]) -> None:
        if self._fetched.is_broken(path):
            self.unreadable.append(path)
            return
        root = self._fetched.root(path)
        is_component = text(root, "kind") == "Component"
        if chain.count(path) > (_MOST_LEVELS if is_component else 0):
            return  # a cycle, which kustomize refuses
        self.visited.append(path)
        above = (path, *chain)
        own = [text(node) or "" for node in items(root, "components")]
        if here == self._top and not chain:
            # Flux adds its own to those that the kustomization lists.
            above = self._take_components(here, self._components, "", above)
        chain = self._take_components(here, own, path, above)
        self.generating.setdefault(path, []).append(chain)
        self.is_partial |= any(key in _FROM_AFAR for key, _ in entries(root))
        for name in input_files(root):
            self._take_input(here, name, path)
        for key in _LISTS:
            for node in items(root, key):
                self._follow(here, text(node) or "", path, chain)

    def _take_components(
        self, here: str, listed: Sequence[str], path: str, chain: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Take in the components *listed*, and return the way of what they are for: through all of them.

        What a component brings goes through those after it only.
        """
        for entry in reversed(listed):
            target = posixpath.normpath(posixpath.join(here, entry))
            if target in self._fetched.folders:
                self.todo.append((target, chain, path))
                chain = (*self._component_files(target), *chain)
            elif is_remote(entry, self._fetched.folders):
                self.is_partial = True
            else:
                self.missing.append((path, entry, "a component which is not there"))
        return chain

    def _take_input(self, here: str, name: str, path: str) -> None:
        target = posixpath.normpath(posixpath.join(here, name))
        if target in self._fetched.files:
            self.inputs.setdefault(target, path)
        elif not is_remote(name, self._fetched.folders):
            self._lack(name, path, target)

    def _follow(self, here: str, entry: str, path: str | None, chain: tuple[str, ...]) -> None:
        fetched = self._fetched
        target = posixpath.normpath(posixpath.join(here, entry))
        if target in fetched.folders or target == ".":
            if (target, chain, path) in self.todo and path is not None:
                self.missing.append((path, entry, TWICE))
            self.todo.append((target, chain, path or ""))
        elif target in fetched.files:
            if path is not None and not fetched.is_yaml(target):
                self.unreadable.append(target)
            routes = self.routes.setdefault(target, [])
            if chain in routes and path is not None:
                self.missing.append((path, entry, TWICE))
            routes.append(chain)
        elif is_remote(entry, fetched.folders):
            self.is_partial = True
        elif "\n" not in entry and path is not None:
            self._lack(entry, path, target)

    def _lack(self, entry: str, path: str, target: str) -> None:
        is_link = target in self._fetched.links
        why = "which is a symlink that Flux leaves out" if is_link else "which is not there"
        self.missing.append((path, entry, why))

    def _component_files(self, folder: str, above: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the kustomizations of the component *folder* as they change an object: its own comes last."""
        path, content = kustomization_at(self._fetched.tree, folder)
        if content is None or path in above:
            return ()
        root = self._fetched.root(path)
        found: list[str] = []
        for node in items(root, "components"):
            nested = posixpath.normpath(posixpath.join(folder, text(node) or ""))
            found += self._component_files(nested, (*above, path))
        return (*found, path)


def is_remote(entry: str, folders: Collection[str]) -> bool:
    """Return whether kustomize would fetch *entry* from elsewhere."""
    if any(mark in entry for mark in ("://", "git@", "git::", "?", "//")):
        return True
    head, slash, _ = entry.partition("/")
    return bool(slash) and "." in head.strip(".") and head not in folders
