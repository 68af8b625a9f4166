"""The folder that ``flux bootstrap`` owns, and how its kustomization.yaml's patches are read."""

from __future__ import annotations

import posixpath

from gitops_secrets.core.flux import objects as flux
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay


def flux_folder(tree: Overlay, cluster: Cluster, namespace: str | None) -> str:
    """Return the folder that ``flux bootstrap`` owns in *cluster*: it bears the namespace's name."""
    if namespace is not None:
        return cluster.file(namespace)
    prefix = "" if cluster.path == "." else f"{cluster.path}/"
    for path in tree.files():
        folder, name = posixpath.split(path)
        if name == flux.SYNC and posixpath.dirname(folder) == prefix.rstrip("/"):
            return folder
    return cluster.file(flux.DEFAULT_NAMESPACE)
