"""The branches of this repository that the clusters read."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from gitops_secrets.core.flux.objects import DEFAULT_NAMESPACE, sources_in
from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.flux.substitution import is_open
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.yamltext.nodes import get, text

_HEADS = "refs/heads/"
_DEFAULT = "master"
"""What source-controller reads of a GitRepository that names no reference."""


def followed_branches(view: View, clusters: Iterable[Cluster]) -> frozenset[str]:
    """Return the branches that the sources of *clusters* read; none of a cluster that reads a tag or an artifact."""
    found = (_followed(view, view.root(cluster)) for cluster in clusters)
    return frozenset(branch for branch in found if branch is not None and not is_open(branch))


def _followed(view: View, root: Root) -> str | None:
    if root.instance is not None:
        sync = get(root.instance.spec, "sync")
        is_git = text(sync, "kind") in (None, "GitRepository")
        return _branch(text(sync, "ref")) if is_git else None
    kind, name = root.kustomization.source
    if kind != "GitRepository":
        return None
    wanted = (kind, name, root.kustomization.source_namespace or root.namespace)
    for path in view.tree.files():
        if path.endswith((".yaml", ".yml")) and b"GitRepository" in (view.tree.read(path) or b""):
            for node in view.tree.derive(path, sources_in):
                namespace = text(node, "metadata", "namespace") or DEFAULT_NAMESPACE
                if (text(node, "kind"), text(node, "metadata", "name"), namespace) == wanted:
                    return _of_source(node)
    return None


def _of_source(node: yaml.Node) -> str | None:
    ref = get(node, "spec", "ref")
    if ref is None:
        return _DEFAULT
    if any(text(ref, field) for field in ("commit", "tag", "semver")):
        return None
    # spec.ref.name goes before spec.ref.branch.
    return _branch(text(ref, "name")) if text(ref, "name") else text(ref, "branch")


def _branch(name: str | None) -> str | None:
    return name.removeprefix(_HEADS) if name is not None and name.startswith(_HEADS) else None
