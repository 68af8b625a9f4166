"""Roots that people write themselves: a source of this repository, and a Kustomization that reads it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gitops_secrets.core.flux.follow import Applied, follow
from gitops_secrets.core.flux.kustomizations import FluxKustomization, kustomizations_in
from gitops_secrets.core.flux.objects import (
    DEFAULT_NAMESPACE,
    KUSTOMIZATION_GROUP,
    KUSTOMIZATION_NAMES,
    SOURCE_KINDS,
    sources_in,
)
from gitops_secrets.core.flux.reach import Fetched, reach
from gitops_secrets.core.flux.roots.manifests import find_manifests, is_of_flux
from gitops_secrets.core.flux.roots.root import Installer, Root, placed
from gitops_secrets.core.flux.substitution import is_open
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import text

_SourceName = tuple[str | None, str | None]
"""Kind and name."""
_Place = tuple[str, int]
"""File and line of a Kustomization."""


class _Found(NamedTuple):
    """A root that Git shows, and what it leads to."""

    root: Root
    applied: tuple[Applied, ...]
    is_beside: bool
    """Whether its source stands beside it."""

    @property
    def file(self) -> str:
        return self.root.kustomization.file

    @property
    def files(self) -> set[str]:
        return {file for applied in self.applied for file in applied.reach.files}

    @property
    def is_left_behind(self) -> bool:
        """Whether it looks like that of an app which nothing applies any more: it leads to nothing else."""
        has_its_name = self.root.kustomization.name == DEFAULT_NAMESPACE
        return not self.is_beside and len(self.applied) == 1 and not has_its_name


def find_by_hand(tree: Overlay, known: Sequence[Root]) -> Iterator[Root]:
    """Yield the roots that no root of *known* leads to, and that read this repository themselves.

    A Kustomization does so if it stands below its own path, or applies itself; or if its source stands
    beside it and it applies another Kustomization of the same source.
    """
    candidates = list(_candidates(tree))
    if not candidates:
        return
    fetched = Fetched(tree, defaults=True)
    led = [applied for root in known for applied in _followed(root, fetched)]
    led_to = {file for applied in led for file in applied.reach.files}
    led_to |= {root.kustomization.file for root in known}
    read = _read_below(led)
    found: list[_Found] = []
    closed = [found for found in candidates if not is_open(found[0].path)]
    templates = [found for found, _ in candidates if is_open(found.path)]
    closed += [(found, True) for found in _overlaid(tree, fetched, templates)]
    for candidate, is_beside in closed:
        if candidate.file in led_to or candidate.path in read:
            continue
        path, base = placed(tree, candidate.path, candidate.source[0] or "", candidate.file)
        if not tree.below(path):
            continue
        root = Root(
            *(Cluster(path), candidate._replace(path=path), Installer.EXTERNAL, None), base=base
        )
        one = _Found(root, tuple(_followed(root, fetched)), is_beside)
        applies_more = is_beside and any(not a.is_elsewhere for a in one.applied[1:])
        if one.file in one.files or _is_inside(root.kustomization) or applies_more:
            found.append(one)
    yield from _installed(tree, _first(_without_others(found, bool(known))))


def _without_others(found: Sequence[_Found], has_known: bool) -> list[tuple[Root, set[str]]]:
    """Return those of *found* that are roots as far as one tells of the other, with the files of each."""
    inside = [one for one in found if _is_inside(one.root.kustomization)]
    below = {path for one in found for path in _read_below(one.applied)}
    # The path "." is in each repository: it says nothing against a root that names another source for it.
    elsewhere = {_place(a.kustomization) for one in inside for a in one.applied if a.is_elsewhere}
    roots = [
        one
        for one in found
        if one.root.kustomization.path not in below
        and (one in inside or _place(one.root.kustomization) not in elsewhere)
    ]
    real = [one for one in roots if not one.is_left_behind]
    return [(one.root, one.files) for one in (real if has_known or real else roots)]


def _first(found: list[tuple[Root, set[str]]]) -> Iterator[tuple[Root, set[str]]]:
    """Yield those of *found* that no other leads to."""
    for root, files in found:
        mine = root.kustomization.file
        above = [r for r, others in found if mine in others and r.kustomization.file not in files]
        if not above and _is_first(root, files, found):
            yield root, files


def _installed(tree: Overlay, found: Iterable[tuple[Root, set[str]]]) -> Iterator[Root]:
    """Yield each root with what installs its Flux."""
    for root, files in found:
        manifests = find_manifests(tree, root, files)
        installer = Installer.MANIFESTS if manifests is not None else Installer.EXTERNAL
        yield root._replace(patches_in=manifests, installer=installer)


def _read_below(applied: Sequence[Applied]) -> set[str]:
    """Return the paths that a root leads to in its own cluster: a Kustomization that is left there is no root."""
    return {
        a.kustomization.path for a in applied if not (a.is_own or a.is_elsewhere or a.is_remote)
    }


def _place(found: FluxKustomization) -> _Place:
    return found.file, found.line


def _is_inside(found: FluxKustomization) -> bool:
    """Return whether *found* stands below the path that it reads."""
    return found.path != "." and found.file.startswith(f"{found.path}/")


def _overlaid(
    tree: Overlay, fetched: Fetched, templates: Sequence[FluxKustomization]
) -> Iterator[FluxKustomization]:
    """Yield each of *templates* as an overlay makes it, in which its path is known."""
    if not templates:
        return
    for path in tree.files():
        if posixpath.basename(path) not in KUSTOMIZATION_NAMES or b"patch" not in (
            tree.read(path) or b""
        ):
            continue
        routes = reach(fetched, posixpath.dirname(path) or ".").routes
        for template in templates:
            for route in routes.get(template.file, ()):
                found = template.patched([p for step in route for p in fetched.patches(step)])
                if not is_open(found.path):
                    yield found


def _is_first(root: Root, files: set[str], found: list[tuple[Root, set[str]]]) -> bool:
    """Return whether *root* applies at least what each of those that apply each other with it does."""
    mine = root.kustomization.file
    rivals = [
        (r, others)
        for r, others in found
        if r.kustomization.file != mine and mine in others and r.kustomization.file in files
    ]
    return all(_weight(root, files) >= _weight(r, others) for r, others in rivals)


def _weight(root: Root, files: set[str]) -> tuple[bool, int, int]:
    path = root.kustomization.path
    contains = path == "." or root.kustomization.file.startswith(f"{path}/")
    return contains, len(files), -len(path)


def _followed(root: Root, fetched: Fetched) -> Iterator[Applied]:
    return follow(root.cluster, root.kustomization, fetched, root.base)


def _candidates(tree: Overlay) -> Iterator[tuple[FluxKustomization, bool]]:
    """Yield each Kustomization that may be a root, and whether its source stands in the same folder.

    Not those that read an artifact of Flux itself, or, with the path ".", another artifact than Git's: what
    that is made of is not known.
    """
    files: list[str] = []
    sources: dict[_SourceName, set[str]] = {}
    group = KUSTOMIZATION_GROUP.encode()
    for path in tree.files():
        if not path.endswith((".yaml", ".yml")):
            continue
        content = tree.read(path) or b""
        for name in _sources(tree, path):
            sources.setdefault(name, set()).add(posixpath.dirname(path))
        if group in content:
            files.append(path)
    inside = []
    is_any = False
    for path in files:
        for found in tree.derive(path, kustomizations_in):
            folders = sources.get(found.source, set())
            if found.source[0] != "GitRepository" and found.path == ".":
                continue
            # The name that flux bootstrap gives it; its source may be in the cluster alone.
            if folders or found.name == DEFAULT_NAMESPACE:
                is_any = True
                yield found, posixpath.dirname(path) in folders
            elif _is_inside(found):
                inside.append(found)
    if not is_any:
        yield from ((found, False) for found in inside)


def _sources(tree: Overlay, path: str) -> Iterator[_SourceName]:
    for node in tree.derive(path, sources_in):
        url = text(node, "spec", "url") or ""
        if text(node, "kind") in SOURCE_KINDS and not is_open(url) and not is_of_flux(url):
            yield text(node, "kind"), text(node, "metadata", "name")
