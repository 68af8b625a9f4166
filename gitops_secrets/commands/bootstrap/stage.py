"""Which layout a cluster has, and whether its pull Secret may go into this commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.commands.bootstrap.model import Request
from gitops_secrets.core.flux.roots.find import named_cluster, root_at
from gitops_secrets.core.repository.layout import Cluster, parse_folder
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.errors import GitOpsSecretsError, UsageError

if TYPE_CHECKING:
    from gitops_secrets.core.wiring.inline import Decryption


def lay_out(request: Request, tree: Overlay, clusters: Sequence[Cluster]) -> list[Cluster]:
    """Return *clusters* with the layout that the user names, or the one that they have.

    Raises UsageError if a cluster has the other one, or --resume is given and none is inline.
    """
    files = tree.files()
    found = []
    for cluster in clusters:
        had = named_cluster(tree, cluster)
        wanted = had._replace(inline=request.layout == "inline") if request.layout else had
        if wanted != had and (had.inline or had.kustomization_file in files):
            held = had.folder if had.inline else had.kustomization_file
            raise UsageError(
                f"--layout {request.layout}: {cluster.path} has its pull Secrets the other way, by {held}",
                f"leave --layout {request.layout} away",
            )
        if not wanted.inline and wanted.kustomization_file not in files:
            wanted = _housed(request, tree, wanted)
        found.append(wanted)
    if request.resume and not any(cluster.inline for cluster in found):
        raise UsageError(
            "--resume goes with --layout inline: any other bootstrap is one commit",
            "leave --resume away",
        )
    return found


def _housed(request: Request, tree: Overlay, cluster: Cluster) -> Cluster:
    """Return *cluster* with the home that the user names, else the first that Flux fetches."""
    if request.folder is not None:
        return cluster._replace(home=parse_folder(request.folder))
    from gitops_secrets.core.flux.roots.housing import housed

    return housed(tree, root_at(tree, cluster), cluster)


def first_stages(
    request: Request, repository: Repository, tree: Overlay, clusters: Sequence[Cluster]
) -> set[Cluster]:
    """Return the clusters of which this commit may hold the decryption only.

    Raises GitOpsSecretsError if the pull Secret would be the commit that deadlocks Flux.
    """
    inline = [cluster for cluster in clusters if cluster.inline]
    if not inline:
        return set()
    from gitops_secrets.adapters.git.revision import tree_of, upstream_commit
    from gitops_secrets.core.wiring.inline import is_first_stage

    commit = upstream_commit(repository)
    pushed = tree_of(repository, commit) if commit is not None else None
    resume = (lambda own: _see_decrypting(request, own)) if request.resume else None
    return {c for c in inline if is_first_stage(tree, pushed, c, request.secret, resume)}


def _see_decrypting(request: Request, own: Decryption) -> None:
    """Raise GitOpsSecretsError if the cluster that the user names does not decrypt yet."""
    if request.context is None:
        return
    from gitops_secrets.adapters.cluster.api import connect

    cluster = connect(request.kubeconfig, request.context)
    for found in cluster.list_all("Kustomization"):
        metadata, spec = found["metadata"], found["spec"]
        if (metadata["namespace"], metadata["name"]) == (own.namespace, own.kustomization):
            secret = ((spec.get("decryption") or {}).get("secretRef") or {}).get("name")
            if secret == own.secret:
                return
            break
    raise GitOpsSecretsError(
        f"the Kustomization {own.namespace}/{own.kustomization} of context {cluster.context} does not "
        f"decrypt with {own.secret} yet",
        f"flux --context {cluster.context} -n {own.namespace} reconcile kustomization "
        f"{own.kustomization} --with-source",
    )
