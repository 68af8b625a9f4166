"""The ResourceSets of ours, by which the Flux Operator copies a pull Secret into other namespaces.

Field names are those of the ResourceSet API, fluxcd.controlplane.io/v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.objects import select_documents
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.sops.pullsecret import CLUSTER_ANNOTATION
from gitops_secrets.core.yamltext.nodes import items, text
from gitops_secrets.errors import GitOpsSecretsError

COPY_FROM = "fluxcd.controlplane.io/copyFrom"
RECONCILE = "fluxcd.controlplane.io/reconcile"
ENABLED = "enabled"
_KIND = rb"kind[\"']?\s*:\s*[\"']?ResourceSet\b"


class Copies(NamedTuple):
    """A ResourceSet that copies one pull Secret."""

    file: str
    cluster_path: str
    """The cluster that it was made for."""
    secret: str
    namespaces: Mapping[str, bool]
    """Each with whether its ServiceAccount ``default`` gets the Secret from the ResourceSet too."""


def copies_in(content: bytes, file: str) -> tuple[Copies, ...]:
    """Return the ResourceSets of ours in a manifest; none if it is not YAML."""
    if b"ResourceSet" not in content:
        return ()
    try:
        found = [_read(node, file) for _, node in select_documents(content, file, _KIND)]
    except GitOpsSecretsError:
        return ()
    return tuple(copies for copies in found if copies is not None)


def copied(view: View, cluster: Cluster) -> list[Copies]:
    """Return the ResourceSets of ours that the Kustomizations of *cluster* apply."""
    files = dict.fromkeys(f for a in view.applied_in(cluster) for f in a.reach.files)
    found = (copies for file in files for copies in view.tree.derive(file, copies_in))
    return [copies for copies in found if copies.cluster_path == cluster.path]


def copied_into(view: View, cluster: Cluster, secret: str) -> list[str]:
    """Return the namespaces into which the operator copies *secret*."""
    return [
        n for copies in copied(view, cluster) if copies.secret == secret for n in copies.namespaces
    ]


def _read(node: yaml.Node, file: str) -> Copies | None:
    path = text(node, "metadata", "annotations", CLUSTER_ANNOTATION)
    sources = [
        source
        for resource in items(node, "spec", "resources")
        if (source := text(resource, "metadata", "annotations", COPY_FROM))
    ]
    if path is None or len(sources) != 1 or text(node, "kind") != "ResourceSet":
        return None
    namespaces = {
        name: text(entry, "defaultAccount") == ENABLED
        for entry in items(node, "spec", "inputs")
        if (name := text(entry, "namespace"))
    }
    return Copies(file, path, sources[0].rpartition("/")[2], namespaces)
