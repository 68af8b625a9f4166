"""The sources of Flux that read a registry: as files have them, and as kustomizations and patches leave them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.follow import Applied
from gitops_secrets.core.flux.making import made
from gitops_secrets.core.flux.objects import DEFAULT_NAMESPACE, select_documents
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.yamltext.nodes import get, text
from gitops_secrets.errors import GitOpsSecretsError

KINDS = ("OCIRepository", "HelmRepository", "ImageRepository")
_CLOUDS = ("aws", "azure", "gcp")
_OCI = "oci://"


class RegistrySource(NamedTuple):
    """A source, and the file that makes it."""

    kind: str
    name: str
    namespace: str
    file: str
    line: int
    node: yaml.Node
    """As patches leave it."""
    applied: Applied
    """The Kustomization that applies it."""
    ways: int
    """How many objects are made of the document in the cluster."""

    @property
    def object(self) -> str:
        """The source as it is called in messages."""
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def argument(self) -> str:
        """The source as Flux's own command line names one."""
        return f"{self.kind}/{self.name}.{self.namespace}"

    @property
    def secret(self) -> str | None:
        """The Secret that it names, None if it names none."""
        return text(self.node, "spec", "secretRef", "name")

    @property
    def reference(self) -> str:
        """host[:port]/repository; empty if it is not a registry that it reads."""
        if self.kind == "ImageRepository":
            return text(self.node, "spec", "image") or ""
        url = (text(self.node, "spec", "url") or "").rstrip("/")
        return url.removeprefix(_OCI) if url.startswith(_OCI) else ""

    @property
    def misfit(self) -> str | None:
        """Why a pull Secret is not what it logs in with, None if nothing speaks against one."""
        if self.cloud and self.kind == "ImageRepository":
            return f"it logs in with provider {self.cloud}, and reads no secretRef beside it"
        if self.cloud:
            return f"it logs in with provider {self.cloud}, and a secretRef would take the place of that login"
        if self.kind == "HelmRepository" and text(self.node, "spec", "type") != "oci":
            return (
                "it reads an index over HTTP, for which Flux takes username and password from a Secret "
                "and does not read a docker config"
            )
        return None

    @property
    def cloud(self) -> str | None:
        """The cloud whose login it may use, None if it names none."""
        provider = text(self.node, "spec", "provider")
        return provider if provider in _CLOUDS else None


def registry_sources(view: View, cluster: Cluster) -> Iterator[RegistrySource]:
    """Yield the sources that the Kustomizations of *cluster* make."""
    fetched = view.fetched(cluster)
    for applied in view.applied_in(cluster):
        if applied.is_elsewhere or applied.is_remote:
            continue
        spec = get(applied.kustomization.root, "spec")
        for file in applied.reach.files:
            for line, written in view.tree.derive(file, _written):
                found = [
                    one
                    for route in applied.reach.routes.get(file, ((),))
                    if (one := made(fetched, applied.reach, route, spec, written)) is not None
                ]
                for node, name in found:
                    yield RegistrySource(
                        text(node, "kind") or "",
                        name.name,
                        name.namespace or DEFAULT_NAMESPACE,
                        file,
                        line,
                        node,
                        applied,
                        len(found),
                    )


def _written(content: bytes, file: str) -> list[tuple[int, yaml.Node]]:
    if not any(kind.encode() in content for kind in KINDS):
        return []
    try:
        return [
            (line, node)
            for line, node in select_documents(content, file, _WANTED)
            if text(node, "kind") in KINDS
        ]
    except GitOpsSecretsError:
        return []


_WANTED = rb"kind[\"']?\s*:\s*[\"']?(?:%s)\b" % "|".join(KINDS).encode()
