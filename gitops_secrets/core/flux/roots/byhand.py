"""Roots that people write themselves: a source of this repository, and a Kustomization that reads it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gitops_secrets.core.flux.addresses import repository_of
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


class _Source(NamedTuple):
    """A source of Flux: in which folder it stands, and what it reads."""

    folder: str
    repository: str


class _Found(NamedTuple):
    """A root that Git shows, and what it leads to."""

    root: Root
    applied: tuple[Applied, ...]
    files: frozenset[str]
    """What it applies, and what those that it leads to apply."""
    is_beside: bool
    """Whether its source stands beside it."""

    @property
    def own(self) -> FluxKustomization:
        return self.root.kustomization

    @property
    def is_left_behind(self) -> bool:
        """Whether it looks like that of an app which nothing applies any more: it leads to nothing else."""
        has_its_name = self.own.name == DEFAULT_NAMESPACE
        return not self.is_beside and len(self.applied) == 1 and not has_its_name

    @property
    def weight(self) -> tuple[bool, int, int]:
        """Of two that lead to each other, the root is the one that weighs more."""
        contains = self.own.path == "." or _is_inside(self.own)
        return contains, len(self.files), -len(self.own.path)

    def leads_to(self, other: _Found) -> bool:
        """Return whether it applies the file of *other*."""
        return other.own.file in self.files


def find_by_hand(tree: Overlay, known: Sequence[Root]) -> Iterator[Root]:
    """Yield the roots that no root of *known* leads to, and that read this repository themselves.

    A Kustomization does so if it stands below its own path, or applies itself; or if its source stands
    beside it and it applies another Kustomization of the same source.
    """
    candidates = list(_candidates(tree, known))
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
        if candidate.file in led_to or candidate.path in read or _is_around(candidate, known):
            continue
        path, base = placed(tree, candidate.path, candidate.source[0] or "", candidate.file)
        if not tree.below(path):
            continue
        root = Root(
            *(Cluster(path), candidate._replace(path=path), Installer.EXTERNAL, None), base=base
        )
        applied = tuple(_followed(root, fetched))
        files = frozenset(file for a in applied for file in a.reach.files)
        applies_more = is_beside and any(not a.is_elsewhere for a in applied[1:])
        if candidate.file in files or _is_inside(root.kustomization) or applies_more:
            found.append(_Found(root, applied, files, is_beside))
    for one in _first(_without_others(found, has_known=bool(known))):
        manifests = find_manifests(tree, one.root, one.files)
        installer = Installer.MANIFESTS if manifests is not None else Installer.EXTERNAL
        yield one.root._replace(patches_in=manifests, installer=installer)


def _without_others(found: Sequence[_Found], *, has_known: bool) -> list[_Found]:
    """Return those of *found* that are roots as far as one tells of the other."""
    below = {path for one in found for path in _read_below(one.applied)}
    # The path "." is in each repository: it says nothing against a root that names another source for it.
    elsewhere = {
        _place(a.kustomization)
        for one in found
        if _is_inside(one.own)
        for a in one.applied
        if a.is_elsewhere
    }
    roots = [
        one
        for one in found
        if one.own.path not in below and (_is_inside(one.own) or _place(one.own) not in elsewhere)
    ]
    real = [one for one in roots if not one.is_left_behind]
    return real if has_known or real else roots


def _first(found: Sequence[_Found]) -> Iterator[_Found]:
    """Yield those of *found* that no other leads to, and of those that lead to each other the one with the most weight."""
    for one in found:
        leading = [other for other in found if other.leads_to(one)]
        rivals = [other for other in leading if other.own.file != one.own.file]
        if all(map(one.leads_to, leading)) and all(one.weight >= other.weight for other in rivals):
            yield one


def _read_below(applied: Sequence[Applied]) -> set[str]:
    """Return the paths that a root leads to in its own cluster: a Kustomization that is left there is no root."""
    return {
        a.kustomization.path for a in applied if not (a.is_own or a.is_elsewhere or a.is_remote)
    }


def _place(found: FluxKustomization) -> _Place:
    return found.file, found.line


def _is_around(found: FluxKustomization, known: Sequence[Root]) -> bool:
    """Return whether *found* reads a folder in which a FluxInstance has Flux begin: it was the root before that."""
    return any(
        root.instance is not None and root.cluster.path.startswith(f"{found.path}/")
        for root in known
    )


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


def _followed(root: Root, fetched: Fetched) -> Iterator[Applied]:
    return follow(root.cluster, root.kustomization, fetched, root.base, root.address)


def _candidates(tree: Overlay, known: Sequence[Root]) -> Iterator[tuple[FluxKustomization, bool]]:
    """Yield each Kustomization that may be a root, and whether its source stands in the same folder.

    The path "." is in each repository. One with it is left out if it reads another artifact than Git's, of
    which nothing says what it is made of, or another repository than those of the roots that are *known*; than
    those that a Kustomization below its own path reads, if none is. So is one whose source is not that of the
    Kustomizations that read folders of this tree.
    """
    files: list[str] = []
    sources: dict[_SourceName, list[_Source]] = {}
    group = KUSTOMIZATION_GROUP.encode()
    for path in tree.files():
        if not path.endswith((".yaml", ".yml")):
            continue
        content = tree.read(path) or b""
        for name, source in _sources(tree, path):
            sources.setdefault(name, []).append(source)
        if group in content:
            files.append(path)
    here = {url for root in known for url in _repositories(root, sources)} or {
        source.repository
        for path in files
        for found in tree.derive(path, kustomizations_in)
        if _is_inside(found)
        for source in sources.get(found.source, ())
    }
    local = {
        found.source
        for path in files
        for found in tree.derive(path, kustomizations_in)
        if found.path != "." and not is_open(found.path) and tree.below(found.path)
    }
    inside = []
    is_any = False
    for path in files:
        for found in tree.derive(path, kustomizations_in):
            read = sources.get(found.source, [])
            if found.path == "." and (
                found.source[0] != "GitRepository"
                or (here and read and here.isdisjoint(source.repository for source in read))
                or (local and read and found.source not in local)
            ):
                continue
            # The name that flux bootstrap gives it; its source may be in the cluster alone.
            if read or found.name == DEFAULT_NAMESPACE:
                is_any = True
                folder = posixpath.dirname(path)
                yield found, any(source.folder == folder for source in read)
            elif _is_inside(found):
                inside.append(found)
    if not is_any:
        yield from ((found, False) for found in inside)


def _repositories(root: Root, sources: Mapping[_SourceName, Sequence[_Source]]) -> Iterator[str]:
    """Yield the repository that *root* reads, as far as Git says which."""
    if root.instance is not None:
        url = text(root.instance.spec, "sync", "url")
        if url is not None:
            yield repository_of(url)
    yield from (source.repository for source in sources.get(root.kustomization.source, ()))


def _sources(tree: Overlay, path: str) -> Iterator[tuple[_SourceName, _Source]]:
    """Yield the sources in *path* that may be this repository.

    None that is pinned to a commit: what that commit holds cannot name it.
    """
    for node in tree.derive(path, sources_in):
        url = text(node, "spec", "url") or ""
        is_pinned = text(node, "spec", "ref", "commit") is not None
        if text(node, "kind") in SOURCE_KINDS and not (
            is_pinned or is_open(url) or is_of_flux(url)
        ):
            name = text(node, "kind"), text(node, "metadata", "name")
            yield name, _Source(posixpath.dirname(path), repository_of(url))
