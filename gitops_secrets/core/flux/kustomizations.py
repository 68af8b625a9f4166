"""Kustomization objects of Flux, as they are written and as patches leave them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.kustomize.mutate import as_node
from gitops_secrets.core.flux.kustomize.patches import Patch, Subject, patched
from gitops_secrets.core.flux.objects import (
    DEFAULT_NAMESPACE,
    KUSTOMIZATION_GROUP,
    normalise,
    select_documents,
)
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.yamltext.nodes import entries, text
from gitops_secrets.errors import GitOpsSecretsError

_KUSTOMIZATION = rb"apiVersion[\"']?\s*:\s*[\"']?kustomize\.toolkit\.fluxcd\.io/"


class FluxKustomization(NamedTuple):
    """A Kustomization object of Flux, and the file it stands in."""

    file: str
    line: int
    name: str
    namespace: str | None
    path: str
    """spec.path, normalised: relative to the artifact's root, "." for the root."""
    prune: bool
    source: tuple[str | None, str | None]
    source_namespace: str | None
    decryption_provider: str | None
    decryption_secret: str | None
    service_account: str | None
    annotations: Mapping[str, str]
    target_namespace: str | None = None
    root: yaml.Node | None = None
    """All of it, None if it is not written yet."""

    def below(self, base: str) -> FluxKustomization:
        """Return it with its path counted from the repository's top, if the artifact is made of *base*."""
        return self._replace(path=posixpath.normpath(posixpath.join(base, self.path)))

    def patched(self, patches: Iterable[Patch]) -> FluxKustomization:
        """Return it as *patches*, which are in their order, leave it."""
        root = self.root or self._unwritten()
        changed = patched(root, Subject("Kustomization", self.name, self.namespace), patches)
        if changed is root:
            return self
        read = read_kustomization(self.file, self.line, changed)
        return read._replace(root=changed if self.root is not None else None)

    def _unwritten(self) -> yaml.Node:
        """Return the object that is still to be written."""
        kind, name = self.source
        value = {
            "apiVersion": f"{KUSTOMIZATION_GROUP}/v1",
            "kind": "Kustomization",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "path": self.path,
                "prune": "true",
                "sourceRef": {"kind": kind, "name": name},
                "serviceAccountName": self.service_account,
            },
        }
        node = as_node(value)
        assert node is not None
        return node


def kustomizations_in(content: bytes, file: str) -> list[FluxKustomization]:
    """Return the Kustomizations of the manifest *file*; none if it is not YAML, as a template may be."""
    try:
        return find_kustomizations(file, content)
    except GitOpsSecretsError:
        return []


def find_kustomizations(file: str, content: bytes) -> list[FluxKustomization]:
    """Return the Kustomization objects of Flux in the manifest *file*, lines counted in it."""
    found = []
    for line, node in select_documents(content, file, _KUSTOMIZATION):
        api, kind = text(node, "apiVersion") or "", text(node, "kind")
        if kind == "Kustomization" and api.startswith(f"{KUSTOMIZATION_GROUP}/"):
            found.append(read_kustomization(file, line, node))
    return found


def read_kustomization(file: str, line: int, node: yaml.Node) -> FluxKustomization:
    """Return the Kustomization object *node*, which stands at *line* of *file*."""
    return FluxKustomization(
        file=file,
        line=line,
        name=text(node, "metadata", "name") or "",
        namespace=text(node, "metadata", "namespace"),
        path=normalise(text(node, "spec", "path") or "."),
        prune=text(node, "spec", "prune") == "true",
        source=(text(node, "spec", "sourceRef", "kind"), text(node, "spec", "sourceRef", "name")),
        source_namespace=text(node, "spec", "sourceRef", "namespace"),
        decryption_provider=text(node, "spec", "decryption", "provider"),
        decryption_secret=text(node, "spec", "decryption", "secretRef", "name"),
        service_account=text(node, "spec", "serviceAccountName"),
        annotations={
            k: str(v.value)
            for k, v in entries(node, "metadata", "annotations")
            if isinstance(v, yaml.ScalarNode)
        },
        target_namespace=text(node, "spec", "targetNamespace"),
        root=node,
    )


def own_kustomization(cluster: Cluster, sync_file: str) -> FluxKustomization:
    """Return the Kustomization that ``flux bootstrap`` will write to *sync_file* for *cluster*."""
    namespace = posixpath.basename(posixpath.dirname(sync_file)) or DEFAULT_NAMESPACE
    return FluxKustomization(
        file=sync_file,
        line=1,
        name=namespace,
        namespace=namespace,
        path=cluster.path,
        prune=True,
        source=("GitRepository", namespace),
        source_namespace=None,
        decryption_provider=None,
        decryption_secret=None,
        service_account=None,
        annotations={},
    )
