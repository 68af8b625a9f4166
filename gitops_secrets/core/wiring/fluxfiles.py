"""The files that ``flux bootstrap`` owns, before and after it has run."""

from __future__ import annotations

from gitops_secrets.core.flux.objects import (
    COMPONENTS,
    DEFAULT_NAMESPACE,
    KUSTOMIZATION_NAMES,
    SYNC,
)
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.errors import GitOpsSecretsError


def flux_folder(cluster: Cluster, namespace: str | None) -> str:
    """Return the folder that ``flux bootstrap`` will own in *cluster*: it has the namespace's name."""
    return cluster.file(namespace or DEFAULT_NAMESPACE)


def create_flux_files(tree: Overlay, folder: str) -> None:
    """Plan the three files that Flux documents for customisation before its first bootstrap."""
    for name in (COMPONENTS, SYNC):
        if tree.read(f"{folder}/{name}") is None:
            tree.write(f"{folder}/{name}", b"")
    path = f"{folder}/kustomization.yaml"
    if not (tree.read(path) or b"").strip():
        other = [n for n in KUSTOMIZATION_NAMES[1:] if tree.read(f"{folder}/{n}") is not None]
        if other:
            raise GitOpsSecretsError(
                f"{folder}/{other[0]}: flux bootstrap keeps customisation only in kustomization.yaml",
                f"git mv {folder}/{other[0]} {path}",
            )
        tree.write(
            path,
            b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            b"resources:\n- gotk-components.yaml\n- gotk-sync.yaml\n",
        )
