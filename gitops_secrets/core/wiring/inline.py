"""Pull Secrets below a cluster's own path, which Flux's own Kustomization decrypts.

On a cluster that runs Flux, one commit with both the decryption and the first encrypted file deadlocks:
the apply fails on the file, and the decryption that would fix it is held back with everything else.
So there the decryption comes first, and the file once Flux has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gitops_secrets.core.flux.artifact import kustomization_at, list_resource
from gitops_secrets.core.flux.follow import Applied
from gitops_secrets.core.flux.objects import DEFAULT_NAMESPACE
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import CONFIG, PULL_SECRETS, Cluster, as_laid_out
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import compose_single, text
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class Decryption(NamedTuple):
    """Flux's own Kustomization, and the Secret that it decrypts with, None if it does not decrypt."""

    namespace: str
    kustomization: str
    secret: str | None


def own_decryption(tree: Overlay, cluster: Cluster) -> Decryption | None:
    """Return how Flux's own Kustomization of *cluster* decrypts; None before there is one.

    Raises GitOpsSecretsError if it decrypts with no Secret of its own, but for example with what the
    controller was given: our identity would not be read.
    """
    own = _own(tree, cluster)
    if own is None:
        return None
    found = own.kustomization
    if found.decryption_provider is not None and found.decryption_secret is None:
        raise GitOpsSecretsError(
            f"{own.object} decrypts without a secretRef, so with no Secret that apply could add to",
            "leave --layout inline away: a Kustomization of its own then decrypts the pull Secrets",
        )
    return Decryption(found.namespace or DEFAULT_NAMESPACE, found.name, found.decryption_secret)


def is_first_stage(
    tree: Overlay,
    pushed: Overlay | None,
    cluster: Cluster,
    secret: str,
    resume: Callable[[Decryption], None] | None,
) -> bool:
    """Return whether the next commit may hold the decryption only, the pull Secret a later one.

    *pushed* is the tree that Flux has, None if that is not known. *resume* is given where the user
    says that Flux decrypts by now, and raises where it does not. Raises GitOpsSecretsError if the
    pull Secret would be the commit that deadlocks.
    """
    now = own_decryption(tree, cluster)
    if now is None or tree.read(cluster.secret_file(secret)) is not None:
        return False
    if now.secret is None:
        if resume is not None:
            raise UsageError(
                f"--resume: no commit has Flux decrypt {cluster.path} yet",
                "run the same command without --resume first",
            )
        return True
    if resume is None:
        return not _decrypts_already(pushed or tree, cluster)
    then = own_decryption(pushed, cluster) if pushed is not None else now
    if then is None or then.secret is None:
        raise GitOpsSecretsError(
            f"the decryption of {cluster.path} is committed and not pushed, and a Flux that meets it "
            "together with the pull Secret applies neither",
            "git push",
            "once Flux has reconciled it, run the same command with --resume",
        )
    resume(now)
    return False


def list_pull_secret(tree: Overlay, cluster: Cluster, namespace: str, secret: str) -> None:
    """Plan that the kustomizations on the way to the pull Secret, where there are any, take it.

    Raises GitOpsSecretsError if one of them would move it to another namespace.
    """
    file = cluster.secret_file(secret).rpartition("/")[2]
    own_list = kustomization_at(tree, cluster.folder)[1] is not None
    for folder, entry in (
        (cluster.folder, file),
        (cluster.path, PULL_SECRETS if own_list else f"{PULL_SECRETS}/{file}"),
    ):
        path, content = kustomization_at(tree, folder)
        moved = text(compose_single(content, path), "namespace") if content is not None else None
        if moved not in (None, namespace):
            raise GitOpsSecretsError(
                f"{path}: its namespace {moved} would move the pull Secret out of {namespace}",
                "leave --layout inline away: a Kustomization of its own then applies the pull Secrets",
            )
        list_resource(tree, folder, entry)


def _own(tree: Overlay, cluster: Cluster) -> Applied | None:
    """Return Flux's own Kustomization, where something says that there is one."""
    found = (a for a in _view(tree, cluster).applied if a.is_own)
    return next((a for a in found if tree.read(a.kustomization.file)), None)


def _decrypts_already(tree: Overlay, cluster: Cluster) -> bool:
    """Return whether an encrypted file is where Flux's own Kustomization has had to decrypt it."""
    view = _view(tree, cluster)
    return any(f in view.encrypted for a in view.applied if a.is_own for f in a.reach.files)


def _view(tree: Overlay, cluster: Cluster) -> View:
    """Return what *tree* holds for *cluster*, which need not have the layout yet that it is to have."""
    return View(tree, only=[as_laid_out(cluster, tree.files(), tree.read(CONFIG) or b"")])
