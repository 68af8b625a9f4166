"""The registry that Flux's own images come from."""

from __future__ import annotations

import re

from gitops_secrets.core.flux.objects import COMPONENTS
from gitops_secrets.core.flux.roots.find import root_at
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.wiring.fluxfiles import flux_folder
from gitops_secrets.errors import UsageError

_IMAGE = rb"(?m)^\s+(?:- )?image:\s*[\"']?([^\s\"'@]+)"
_PUBLIC = frozenset(
    {"ghcr.io", "docker.io", "index.docker.io", "quay.io", "gcr.io", "registry.k8s.io"}
)


def private_registry(tree: Overlay, cluster: Cluster, namespace: str | None) -> str:
    """Return the registry that Flux's own images come from, by gotk-components.yaml or the FluxInstance.

    Raises UsageError asking for --registry if there is none yet, or it is public.
    """
    root = root_at(tree, cluster)
    instance = root.instance if root is not None else None
    if instance is not None and instance.registry not in _PUBLIC:
        return instance.registry
    path = root.components if root is not None else None
    path = path or f"{flux_folder(cluster, namespace)}/{COMPONENTS}"
    hosts: set[str] = {
        image.decode().split("/", 1)[0]
        for image in re.findall(_IMAGE, tree.read(path) or b"")
        # An image without a host of its own, as Docker Hub's may be, begins with no dot or port.
        if re.match(rb"[^/]*[.:][^/]*/|localhost/", image)
    }
    private = sorted(hosts - _PUBLIC)
    if len(private) == 1:
        return private[0]
    reason = "comes from several registries" if private else "names no private registry"
    raise UsageError(f"which registry? {path} {reason}", "--registry HOST:PORT")
