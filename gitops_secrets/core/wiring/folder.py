"""What else stands in a cluster's folder of pull Secrets, and would keep Flux from applying it."""

from __future__ import annotations

import posixpath

from gitops_secrets.core.flux.artifact import generated_from, kustomization_at
from gitops_secrets.core.repository.layout import PULL_SECRETS, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import compose_single, text
from gitops_secrets.errors import GitOpsSecretsError

_ENCRYPTED = (".sops.yaml", ".sops.yml")


def check_folder(tree: Overlay, cluster: Cluster, secret: str, namespace: str) -> None:
    """Raise GitOpsSecretsError if the pull Secret *secret* of *cluster* would not arrive in *namespace*.

    Without a kustomization of its own Flux takes every .yaml below the folder: one that is not an object,
    or is another cluster's Secret, stops all of it.
    """
    path, content = kustomization_at(tree, cluster.folder)
    if content is not None:
        _check_kustomization(path, content, namespace)
        return
    own = cluster.secret_file(secret)  # judged by who reads it
    foreign = [file for file in generated_from(tree, cluster.folder)[1] if file != own]
    if foreign:
        raise GitOpsSecretsError(
            f"{foreign[0]} is not a Kubernetes manifest, and Flux would apply nothing of "
            f"{cluster.folder} for it",
            f"move {foreign[0]} to another folder, commit, and run again",
        )
    _refuse_nested(tree, cluster)


def _check_kustomization(path: str, content: bytes, namespace: str) -> None:
    root = compose_single(content, path)
    moved = text(root, "namespace")
    if moved not in (None, namespace):
        raise GitOpsSecretsError(
            f"{path}: its namespace {moved} would move the pull Secret out of {namespace}",
            f"take the namespace out of {path}, commit, and run again",
        )
    for key in ("namePrefix", "nameSuffix"):
        if text(root, key):
            raise GitOpsSecretsError(
                f"{path}: its {key} would give the pull Secret a name that no ServiceAccount has",
                f"take the {key} out of {path}, commit, and run again",
            )


def _refuse_nested(tree: Overlay, cluster: Cluster) -> None:
    encrypted = [
        f for f in tree.files() if f.startswith(f"{PULL_SECRETS}/") and f.endswith(_ENCRYPTED)
    ]
    for file in encrypted:
        there = posixpath.dirname(file)
        inner, outer = sorted((there, cluster.folder), key=len, reverse=True)
        if inner.startswith(f"{outer}/") and kustomization_at(tree, outer)[1] is None:
            raise GitOpsSecretsError(
                f"{inner} lies in {outer}, and the cluster of the one could not decrypt the other's",
                "give one of the two clusters a path that does not end like the other's begins: "
                "the folder is the path below its first element",
            )
