"""The manifests of Flux itself, if something in a repository applies them: where they are patched."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator

import yaml

from gitops_secrets.core.flux.objects import (
    KUSTOMIZATION_GROUP,
    KUSTOMIZATION_NAMES,
    SOURCE_KINDS,
    select_documents,
)
from gitops_secrets.core.flux.root import Customised, Root, readable_kustomizations
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import compose_documents, items, text
from gitops_secrets.errors import GitOpsSecretsError

_SOURCE = rb"apiVersion[\"']?\s*:\s*[\"']?source\.toolkit\.fluxcd\.io/"
_FLUX_URL = re.compile(r"/flux-manifests\b|github\.com[/:]fluxcd/flux2\b")


def find_manifests(tree: Overlay, root: Root, applied: Collection[str]) -> Customised | None:
    """Return where Flux's own manifests are patched, None if nothing in Git applies them.

    That is the Kustomization of Flux that applies an artifact of them, among the files *applied* and those
    beside *root*; else a kustomization.yaml that takes them from the flux2 repository.
    """
    folder = posixpath.dirname(root.kustomization.file)
    beside = {path for path in tree.files() if posixpath.dirname(path) == folder}
    for path in sorted(beside | set(applied)):
        if path.endswith((".yaml", ".yml")):
            found = _applying(tree, path)
            if found is not None:
                return found
    remote = [path for path in tree.files() if _takes_flux(tree, path)]
    # With several clusters, the nearest to the root is its own.
    near = sorted(remote, key=lambda path: -len(posixpath.commonprefix([path, folder])))
    return Customised(near[0], 1) if near else None


def _applying(tree: Overlay, path: str) -> Customised | None:
    content = tree.read(path) or b""
    if KUSTOMIZATION_GROUP.encode() not in content:
        return None
    found = readable_kustomizations(tree, path)
    near = [p for p in tree.files() if posixpath.dirname(p) == posixpath.dirname(path)]
    names = {name for p in near for name in _flux_sources(p, tree.read(p) or b"")}
    for kustomization in found:
        if kustomization.source in names:
            return Customised(path, kustomization.line, ("spec",))
    return None


def _flux_sources(path: str, content: bytes) -> Iterator[tuple[str | None, str | None]]:
    if b"fluxcd/" not in content or not path.endswith((".yaml", ".yml")):
        return
    try:
        for _, node in select_documents(content, path, _SOURCE):
            if text(node, "kind") in SOURCE_KINDS and _FLUX_URL.search(
                text(node, "spec", "url") or ""
            ):
                yield text(node, "kind"), text(node, "metadata", "name")
    except GitOpsSecretsError:
        return


def _takes_flux(tree: Overlay, path: str) -> bool:
    if posixpath.basename(path) not in KUSTOMIZATION_NAMES:
        return False
    content = tree.read(path) or b""
    if b"fluxcd/flux2" not in content:
        return False
    return any(
        _FLUX_URL.search(text(n) or "")
        for r in _documents(content, path)
        for n in items(r, "resources")
    )


def _documents(content: bytes, path: str) -> list[yaml.Node]:
    try:
        return compose_documents(content, path)
    except GitOpsSecretsError:
        return []
