"""The manifests of Flux itself, if something in a repository applies them: where they are patched."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator

from gitops_secrets.core.flux.kustomizations import kustomizations_in
from gitops_secrets.core.flux.objects import (
    COMPONENTS,
    KUSTOMIZATION_GROUP,
    KUSTOMIZATION_NAMES,
    SOURCE_KINDS,
    composed,
    sources_in,
)
from gitops_secrets.core.flux.roots.root import Customised, Root
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import items, text

_FLUX_URL = re.compile(r"/flux-manifests\b|github\.com[/:]fluxcd/flux2\b")


def find_manifests(tree: Overlay, root: Root, applied: Collection[str]) -> Customised | None:
    """Return where Flux's own manifests are patched, None if nothing in Git applies them.

    That is the Kustomization of Flux that applies an artifact of them, among the files *applied* and those
    beside *root*; else a kustomization.yaml that takes them from the flux2 repository.
    """
    folder = posixpath.dirname(root.kustomization.file)
    beside = tree.beside(root.kustomization.file)
    for path in sorted({*beside, *applied}):
        if path.endswith((".yaml", ".yml")):
            found = _applying(tree, path)
            if found is not None:
                return found
    written = _written(tree, folder, applied)
    if written is not None:
        return written
    remote = [path for path in tree.files() if _takes_flux(tree, path)]
    # With several clusters, the nearest to the root is its own.
    near = sorted(remote, key=lambda path: -len(posixpath.commonprefix([path, folder])))
    return Customised(near[0], 1) if near else None


def _written(tree: Overlay, folder: str, applied: Collection[str]) -> Customised | None:
    """Return the kustomization.yaml that lists a gotk-components.yaml, beside the root or among what it applies."""
    for path in (posixpath.join(folder, COMPONENTS), *sorted(applied)):
        home, name = posixpath.split(path)
        listing = posixpath.join(home, KUSTOMIZATION_NAMES[0])
        if name == COMPONENTS and (tree.read(path) or b"").strip() and tree.read(listing):
            return Customised(listing, 1)
    return None


def is_of_flux(url: str) -> bool:
    """Return whether a source of *url* brings the manifests of Flux itself."""
    return _FLUX_URL.search(url) is not None


def _applying(tree: Overlay, path: str) -> Customised | None:
    content = tree.read(path) or b""
    if KUSTOMIZATION_GROUP.encode() not in content:
        return None
    found = tree.derive(path, kustomizations_in)
    names = {name for beside in tree.beside(path) for name in _flux_sources(tree, beside)}
    for kustomization in found:
        if kustomization.source in names:
            return Customised(path, kustomization.line, ("spec",))
    return None


def _flux_sources(tree: Overlay, path: str) -> Iterator[tuple[str | None, str | None]]:
    if not path.endswith((".yaml", ".yml")) or b"fluxcd/" not in (tree.read(path) or b""):
        return
    for node in tree.derive(path, sources_in):
        if text(node, "kind") in SOURCE_KINDS and is_of_flux(text(node, "spec", "url") or ""):
            yield text(node, "kind"), text(node, "metadata", "name")


def _takes_flux(tree: Overlay, path: str) -> bool:
    if posixpath.basename(path) not in KUSTOMIZATION_NAMES:
        return False
    content = tree.read(path) or b""
    if b"fluxcd/flux2" not in content:
        return False
    roots = tree.derive(path, composed) or []
    return any(is_of_flux(text(node) or "") for root in roots for node in items(root, "resources"))
