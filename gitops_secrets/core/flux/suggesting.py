"""The bootstrap command for a cluster, as messages name it: with the flavour if it has to be said."""

from __future__ import annotations

from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.commands import bootstrap_command
from gitops_secrets.core.repository.layout import Cluster


def is_external(view: View, cluster: Cluster) -> bool:
    """Return whether nothing in Git installs the Flux of *cluster*, and bootstrap was not told so before."""
    return (
        view.root(cluster).patches_in is None and view.tree.read(cluster.kustomization_file) is None
    )


def bootstrap_of(view: View, cluster: Cluster, name: str = "regcred") -> str:
    """Return the command that makes the pull Secret *name* for *cluster*, which has to work as it stands."""
    flavour = " --flavour external" if is_external(view, cluster) else ""
    return f"{bootstrap_command(cluster.path, name)}{flavour}"
