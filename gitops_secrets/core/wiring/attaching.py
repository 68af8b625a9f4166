"""The attach commands that messages name where the Flux Operator copies a pull Secret."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence

from gitops_secrets.core.flux.namespaces import made_namespaces
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.kubenames import DEFAULT_ACCOUNT
from gitops_secrets.core.repository.layout import ENDINGS, Cluster
from gitops_secrets.core.repository.overlay import Overlay

ALL = "--all-namespaces"
Account = tuple[str, str]
"""A namespace and a ServiceAccount of it, "" for the default one."""


def held_namespaces(tree: Overlay, cluster: Cluster, secret: str) -> list[str]:
    """Return the namespaces that have a file with a copy of *secret*."""
    folder = cluster.tenants_folder
    below = (file[len(folder) + 1 :].partition("/") for file in tree.below(folder))
    return [namespace for namespace, _, name in below if name == f"{secret}{ENDINGS[0]}"]


def operator_command(
    view: View,
    cluster: Cluster,
    secret: str,
    held: Collection[str],
    accounts: Sequence[Account],
    *,
    beside: Sequence[Account] | None = None,
    sources: Sequence[object] = (),
) -> str:
    """Return what has the operator copy *secret* for *accounts* and *sources*, and behind it what asks for those
    accounts whose namespaces have a file, in *held*.

    With *beside*, all namespaces are asked for and those accounts beside them. Where a namespace that Git makes has a
    file, all at once are refused: it would get the Secret in two ways. *accounts* are named then.
    """
    if beside is not None and not set(made_namespaces(view, cluster)) & set(held):
        words, accounts = [ALL], beside
    else:
        words = []
    words += [_word(*account) for account in accounts if account[0] not in held]
    words += [f"--source {source}" for source in sources]
    asked = " ".join(words)
    by_file = " ".join(_word(*account) for account in accounts if account[0] in held)
    at = f"--path {shlex.quote(cluster.path)} --image-pull-secret {secret}"
    if by_file:
        return f"gitops-secrets attach --resourceset {asked} {at} && gitops-secrets attach {by_file} {at}"
    return f"gitops-secrets attach --resourceset {asked} {at}"


def _word(namespace: str, account: str) -> str:
    return namespace if account in ("", DEFAULT_ACCOUNT) else f"{namespace}/{account}"
