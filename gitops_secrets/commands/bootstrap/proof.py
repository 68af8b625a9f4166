"""That a plan does what it is for: followed as Flux will, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import dirname
from typing import NamedTuple

from gitops_secrets.commands.bootstrap.model import ClusterOutcome
from gitops_secrets.core.flux.follow import Applied, target_namespaces
from gitops_secrets.core.flux.kustomize.plugins import unfollowed
from gitops_secrets.core.flux.roots.patching import pulling_accounts
from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.errors import GitOpsSecretsError


def prove(tree: Overlay, roots: Sequence[Root], outcome: ClusterOutcome) -> None:
    """Raise GitOpsSecretsError if Flux would not make the pull Secret of the planned *tree*, or not pull with it.

    Nothing is asked of a cluster whose Flux is not in Git: there nobody can know.
    """
    view = View(tree, only=[outcome.cluster], roots=roots)
    own = _Secret(outcome.cluster, outcome.secret_file, outcome.namespace, outcome.secret_name)
    _prove_secret(view, own)
    for other in (n for n in outcome.namespaces if n.resource_set is None):
        tenant = outcome.cluster.of_namespace(other.namespace)
        _prove_secret(view, _Secret(tenant, other.secret_file, other.namespace, own.name))
    if outcome.wired.service_accounts:
        _check_accounts(view, outcome)


class _Secret(NamedTuple):
    """A pull Secret as it is planned."""

    cluster: Cluster
    file: str
    namespace: str
    name: str


def _prove_secret(view: View, secret: _Secret) -> None:
    cluster = secret.cluster
    applying = [a for a in view.applied if secret.file in a.reach.files]
    if not applying:
        raise GitOpsSecretsError(
            f"no Kustomization that Flux runs for {cluster.path} would apply {secret.file}",
            f"list {cluster.kustomization_file} in what {view.root(cluster).kustomization.file} applies, "
            "commit, and run again",
        )
    for applied in applying:
        _check_decryption(applied, secret.file)
        _check_namespace(view, applied, secret)
    _check_once(view, applying, secret)


def _check_decryption(applied: Applied, secret: str) -> None:
    if applied.kustomization.decryption_provider != "sops":
        raise GitOpsSecretsError(
            f"{applied.place}: {applied.object} would apply {secret} without decrypting it",
            f"keep {secret} out of what it applies, or give it spec.decryption, commit, and run again",
        )


def _check_namespace(view: View, applied: Applied, secret: _Secret) -> None:
    fetched = view.fetched(applied.cluster)
    for path in (p for route in applied.reach.routes[secret.file] for p in route):
        read = view.tree.named_in(dirname(path))
        for transformer in unfollowed(fetched.root(path), read):
            raise GitOpsSecretsError(
                f"{path} has the transformer {transformer}, which is not followed here: nobody can tell which "
                f"Secret comes of {secret.file}",
                f"in {path}, write it in its short form (namespace, patches, replacements), commit, and run again",
            )
    found = target_namespaces(applied, fetched, secret.file, secret.namespace)
    wrong = [namespace for namespace in found if namespace != secret.namespace]
    if wrong:
        raise GitOpsSecretsError(
            f"{applied.place}: {applied.object} would make the pull Secret in namespace {wrong[0]}, and "
            f"it is needed in {secret.namespace}",
            f"take the namespace that it sets away from {secret.file}, commit, and run again",
        )


def _check_once(view: View, applying: Sequence[Applied], secret: _Secret) -> None:
    """Raise GitOpsSecretsError if another file makes the same Secret: each reconcile would undo the other."""
    wanted = secret.namespace, secret.name
    for applied in view.applied:
        if applied.is_elsewhere or applied.is_remote:
            continue
        for file in applied.reach.files:
            if file == secret.file:
                continue
            fetched = view.fetched(applied.cluster)
            for found in fetched.identities(file):
                if found.kind != "Secret" or found.name != secret.name:
                    continue
                if wanted[0] in target_namespaces(applied, fetched, file, found.namespace):
                    raise GitOpsSecretsError(
                        f"{file}:{found.line} makes the Secret {'/'.join(wanted)} already, by "
                        f"{applied.object}; it and {applying[0].object} would undo each other's",
                        f"gitops-secrets edit {file}",
                        "or another --image-pull-secret",
                    )


def _check_accounts(view: View, outcome: ClusterOutcome) -> None:
    root = view.root(outcome.cluster)
    lacking = [
        name
        for name, secrets in pulling_accounts(view.tree, root)
        if outcome.secret_name not in secrets
    ]
    if lacking:
        place = root.patches_in
        there = place.file if place is not None else outcome.cluster.path
        raise GitOpsSecretsError(
            f"{there}: ServiceAccount {lacking[0]} of Flux would not get the pull Secret "
            f"{outcome.secret_name}: something there sets its imagePullSecrets after our patch",
            f"add {outcome.secret_name} to what sets them, commit, and run again",
        )
