"""The pull Secrets of a repository that a registry command is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.commands.repository.clusters import Choice, chosen_clusters
from gitops_secrets.commands.repository.worktree import work_tree
from gitops_secrets.commands.secrets.pull_secret import OpenedPullSecret, open_pull_secret
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.flux.pulls.secrets import PullSecret, pull_secrets
from gitops_secrets.core.flux.roots.find import named_cluster
from gitops_secrets.core.flux.suggesting import bootstrap_of
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.pullsecret import CLUSTER_ANNOTATION
from gitops_secrets.core.sops.pullsecret import PullSecret as NamedPullSecret
from gitops_secrets.core.yamltext.nodes import text
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class Seen(NamedTuple):
    """The repository as Flux reads it, and the clusters that are meant."""

    view: View
    """Of every cluster."""
    clusters: tuple[Cluster, ...]

    @property
    def tree(self) -> Overlay:
        """The files of the work tree, and what is planned for them."""
        return self.view.tree


def see(repository: Repository, choice: Choice) -> Seen:
    """Return the work tree of *repository* as Flux reads it, and the clusters of *choice*."""
    tree, links = work_tree(repository)
    chosen = [named_cluster(tree, c) for c in chosen_clusters(choice, tree, repository.top)]
    return Seen(View(tree, links=links), tuple(chosen))


def own_secret(seen: Seen, cluster: Cluster, name: str | None) -> PullSecret:
    """Return the pull Secret that bootstrap made for *cluster*: the one named *name*, or the only one.

    Raises GitOpsSecretsError if there is none, and UsageError if several could be meant.
    """
    ours = [secret for secret in pull_secrets(seen.view) if _is_own(seen.view, cluster, secret)]
    found = [secret for secret in ours if name in (None, secret.name)]
    if not found:
        named = f" {name}" if name else ""
        others = f"; it has {_names(ours)}" if ours else ""
        raise GitOpsSecretsError(
            f"Flux applies no pull Secret{named} of gitops-secrets in {cluster.path}{others}",
            bootstrap_of(seen.view, cluster, name or "regcred"),
            "gitops-secrets doctor",
        )
    if len(found) > 1:
        raise UsageError(
            f"{cluster.path} has {len(found)} pull Secrets: {_names(found)}",
            f"--image-pull-secret {found[0].name}",
        )
    return found[0]


def copies(seen: Seen, own: PullSecret) -> list[PullSecret]:
    """Return the copies of *own* that attach made for other namespaces of its cluster."""
    return [
        secret
        for secret in pull_secrets(seen.view)
        if secret.cluster == own.cluster and secret.name == own.name and secret.is_copy
    ]


def is_ours(view: View, secret: PullSecret) -> bool:
    """Return whether bootstrap or attach made *secret* for its cluster, as its annotation says."""
    roots = view.documents(secret.path)
    owners = [text(root, "metadata", "annotations", CLUSTER_ANNOTATION) for root in roots]
    return owners == [secret.cluster.path]


def open_found(sealer: Sealer, tree: Overlay, secret: PullSecret) -> OpenedPullSecret:
    """Return *secret* opened. Raises GitOpsSecretsError if its file holds something else, or cannot be opened."""
    named = NamedPullSecret(secret.cluster.path, secret.namespace, secret.name, {})
    return open_pull_secret(sealer, tree, secret.path, named)


def _is_own(view: View, cluster: Cluster, secret: PullSecret) -> bool:
    return secret.cluster == cluster and not secret.is_copy and is_ours(view, secret)


def _names(secrets: Sequence[PullSecret]) -> str:
    return ", ".join(secret.name for secret in secrets)
