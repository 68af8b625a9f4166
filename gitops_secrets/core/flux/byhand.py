"""Roots that people write themselves: a source of this repository, and a Kustomization that reads it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from gitops_secrets.core.flux.follow import Applied, follow
from gitops_secrets.core.flux.installed import find_manifests
from gitops_secrets.core.flux.kustomizations import FluxKustomization
from gitops_secrets.core.flux.objects import KUSTOMIZATION_GROUP, SOURCE_KINDS, select_documents
from gitops_secrets.core.flux.reach import Fetched
from gitops_secrets.core.flux.root import Installer, Root, placed, readable_kustomizations
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import text
from gitops_secrets.errors import GitOpsSecretsError

_SOURCE = rb"apiVersion[\"']?\s*:\s*[\"']?source\.toolkit\.fluxcd\.io/"
_SourceName = tuple[str, str]
"""Kind and name."""


def find_by_hand(tree: Overlay, known: Sequence[Root]) -> Iterator[Root]:
    """Yield the roots that no root of *known* leads to, and that lead to more of this repository themselves.

    A Kustomization is one if its source stands beside it, its path is here, and what it applies holds
    itself, or another Kustomization that reads the same source.
    """
    candidates = list(_candidates(tree))
    if not candidates:
        return
    fetched = Fetched(tree, defaults=True)
    led_to = {f for r in known for a in _followed(r, fetched) for f in a.reach.files}
    led_to |= {root.kustomization.file for root in known}
    candidates = [c for c in candidates if c.file not in led_to]
    found: list[tuple[Root, set[str]]] = []
    for candidate in candidates:
        path, base = placed(tree, candidate.path, candidate.source[0] or "", candidate.file)
        if path != "." and not tree.below(path):
            continue
        own = candidate._replace(path=path)
        root = Root(Cluster(path), own, Installer.EXTERNAL, None, base=base)
        applied = list(_followed(root, fetched))
        files = {f for a in applied for f in a.reach.files}
        others = [a for a in applied[1:] if not a.is_elsewhere]
        if candidate.file in files or others:
            found.append((root, files))
    for root, files in found:
        mine = root.kustomization.file
        above = [r for r, others in found if mine in others and r.kustomization.file not in files]
        if not above and _is_first(root, files, found):
            manifests = find_manifests(tree, root, files)
            installer = Installer.MANIFESTS if manifests is not None else Installer.EXTERNAL
            yield root._replace(patches_in=manifests, installer=installer)


def _is_first(root: Root, files: set[str], found: list[tuple[Root, set[str]]]) -> bool:
    """Return whether *root* applies at least what each of those that apply each other with it does."""
    mine = root.kustomization.file
    rivals = [
        (r, others)
        for r, others in found
        if r is not root and mine in others and r.kustomization.file in files
    ]
    return all(_weight(root, files) >= _weight(r, others) for r, others in rivals)


def _weight(root: Root, files: set[str]) -> tuple[bool, int, int]:
    path = root.kustomization.path
    contains = path == "." or root.kustomization.file.startswith(f"{path}/")
    return contains, len(files), -len(path)


def _followed(root: Root, fetched: Fetched) -> Iterator[Applied]:
    return follow(root.cluster, root.kustomization, fetched, root.base)


def _candidates(tree: Overlay) -> Iterator[FluxKustomization]:
    """Yield the Kustomizations whose source stands in their own folder."""
    files: dict[str, list[str]] = {}
    sources: dict[str, set[_SourceName]] = {}
    group = KUSTOMIZATION_GROUP.encode()
    for path in tree.files():
        if not path.endswith((".yaml", ".yml")):
            continue
        content = tree.read(path) or b""
        if re.search(_SOURCE, content):
            sources.setdefault(posixpath.dirname(path), set()).update(_sources(path, content))
        if group in content:
            files.setdefault(posixpath.dirname(path), []).append(path)
    for folder, names in sources.items():
        for path in files.get(folder, ()):
            found = readable_kustomizations(tree, path)
            yield from (k for k in found if k.source in names)


def _sources(path: str, content: bytes) -> Iterator[_SourceName]:
    try:
        for _, node in select_documents(content, path, _SOURCE):
            kind, name = text(node, "kind"), text(node, "metadata", "name")
            if kind in SOURCE_KINDS and name:
                yield kind, name
    except GitOpsSecretsError:
        return
