"""In which folder the pull Secrets of a cluster can stand: one that Flux fetches, and that nothing else applies."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gitops_secrets.core.flux.artifact import is_fetched
from gitops_secrets.core.flux.objects import Source
from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.flux.roots.sources import source_of
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay


def housed(tree: Overlay, root: Root | None, cluster: Cluster) -> Cluster:
    """Return *cluster*, which has no pull Secret yet, with the outermost folder that Flux fetches as its home.

    If Flux fetches none on the way to the cluster's path, the home stays as it is.
    """
    source = source_of(tree, root) if root is not None else Source()
    for home in _homes(root.base if root is not None else "", cluster.path):
        found = cluster._replace(home=home)
        if is_fetched(tree, source, found.secret_file("secret")):
            return found
    return cluster


def _homes(base: str, path: str) -> Iterator[str]:
    yield base
    folders = []
    while path and path != ".":
        folders.append(path)
        path = posixpath.dirname(path)
    yield from (
        f for f in reversed(folders) if f != base and (not base or f.startswith(f"{base}/"))
    )
