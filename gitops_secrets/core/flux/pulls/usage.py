"""What a cluster's manifests take from registries: images, charts, and sources of Flux."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.follow import target_namespace
from gitops_secrets.core.flux.pulls.workloads import workloads
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.yamltext.nodes import get, text

_OCI = "oci://"
_EXACT = re.compile(r"v?\d+\.\d+\.\d+[\w.+-]*")
"""A version that is one, and no range."""


class Kind(StrEnum):
    """What is taken from a registry."""

    IMAGE = "image"
    CHART = "chart"
    SOURCE = "source"


class Use(NamedTuple):
    """Something that is taken from a registry, and the object that takes it."""

    kind: Kind
    reference: str
    """host[:port]/repository, with its tag or digest if the manifest says one."""
    object: str
    namespace: str
    file: str


def uses(view: View, cluster: Cluster) -> list[Use]:
    """Return what the manifests of *cluster* take from registries, each once, in the order of the files.

    Images that patches may change are not among them, nor are sources that are no OCI artifacts.
    """
    found = dict.fromkeys(_images(view, cluster))
    found |= dict.fromkeys(_of_flux(view, cluster))
    return list(found)


def _images(view: View, cluster: Cluster) -> Iterator[Use]:
    for workload in workloads(view, cluster):
        for image in workload.images:
            yield Use(
                Kind.IMAGE,
                image.removesuffix(":unknown"),
                workload.object,
                workload.namespace,
                workload.file,
            )


def _of_flux(view: View, cluster: Cluster) -> Iterator[Use]:
    releases: list[tuple[str, str, yaml.Node]] = []
    charts: dict[tuple[str, str], str] = {}
    for file, namespace, node in _objects(view, cluster):
        kind, name = text(node, "kind"), text(node, "metadata", "name") or ""
        url = (text(node, "spec", "url") or "").rstrip("/")
        if kind == "HelmRelease":
            releases.append((file, namespace, node))
        elif kind == "ImageRepository" and (image := text(node, "spec", "image")):
            yield Use(Kind.SOURCE, image, f"{kind} {namespace}/{name}", namespace, file)
        elif kind in ("OCIRepository", "HelmRepository") and url.startswith(_OCI):
            reference = url.removeprefix(_OCI)
            if kind == "OCIRepository":
                reference += _version(node)
            else:
                charts[namespace, name] = reference
            yield Use(Kind.SOURCE, reference, f"{kind} {namespace}/{name}", namespace, file)
    for file, namespace, node in releases:
        wanted = get(node, "spec", "chart", "spec")
        named = text(wanted, "sourceRef", "name") or ""
        base = charts.get((text(wanted, "sourceRef", "namespace") or namespace, named))
        chart, version = text(wanted, "chart"), text(wanted, "version") or ""
        if base and chart and text(wanted, "sourceRef", "kind") == "HelmRepository":
            # In a registry, a plus of a chart's version is an underscore.
            tag = f":{version.replace('+', '_')}" if _EXACT.fullmatch(version) else ""
            name = text(node, "metadata", "name") or ""
            yield Use(
                Kind.CHART,
                f"{base}/{chart}{tag}",
                f"HelmRelease {namespace}/{name}",
                namespace,
                file,
            )


def _version(node: yaml.Node) -> str:
    """Return the tag or digest that an OCIRepository reads, with the mark that goes before it."""
    digest, tag = text(node, "spec", "ref", "digest"), text(node, "spec", "ref", "tag")
    return f"@{digest}" if digest else f":{tag}" if tag else ""


def _objects(view: View, cluster: Cluster) -> Iterator[tuple[str, str, yaml.Node]]:
    """Yield the objects of Flux that name registries, each with its file and namespace."""
    fetched = view.fetched(cluster)
    for applied in view.applied_in(cluster):
        for file in applied.reach.files:
            content = view.tree.read(file) or b""
            for kind in ("OCIRepository", "HelmRepository", "ImageRepository", "HelmRelease"):
                if kind.encode() not in content:
                    continue
                for node in view.objects(file, kind):
                    written = text(node, "metadata", "namespace")
                    namespace = target_namespace(applied, fetched, file, written)
                    if namespace is not None:
                        yield file, namespace, node
