"""The namespaces that the manifests of a repository make."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_secrets.core.flux.follow import Applied, target_namespaces
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.yamltext.nodes import text


def made_namespaces(view: View, cluster: Cluster) -> list[str]:
    """Return the namespaces that Git makes in *cluster*, in the order of their names."""
    applied = (a for a in view.applied_in(cluster) if not a.is_remote)
    return sorted({name for a in applied for name in namespaces_of(view, a) if name})


def namespaces_of(view: View, applied: Applied) -> Iterator[str | None]:
    """Yield the namespaces that *applied* makes, by their manifests or by a Helm release."""
    fetched = view.fetched(applied.cluster)
    for path in applied.reach.files:
        content = view.tree.read(path) or b""
        if b"Namespace" in content:
            for node in view.objects(path, "Namespace"):
                # kustomize gives a Namespace the name of the namespace that it sets.
                yield from target_namespaces(applied, fetched, path, text(node, "metadata", "name"))
        if b"createNamespace" in content:
            for node in view.objects(path, "HelmRelease"):
                if text(node, "spec", "install", "createNamespace") == "true":
                    written = text(node, "metadata", "namespace")
                    target = text(node, "spec", "targetNamespace")
                    yield from (
                        [target] if target else target_namespaces(applied, fetched, path, written)
                    )
