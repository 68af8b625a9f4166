"""The root by which a cluster is wired: the one that is there, or the one that ``flux bootstrap`` will write."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from gitops_secrets.core.flux.roots.find import root_at
from gitops_secrets.core.flux.roots.root import Installer, Root, bootstrapped_root
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.wiring.fluxfiles import flux_folder
from gitops_secrets.core.wiring.installers import find_external
from gitops_secrets.errors import GitOpsSecretsError, UsageError

FLAVOURS = (Installer.BOOTSTRAP, Installer.OPERATOR, Installer.EXTERNAL)
"""What the user can say that installs Flux: ``flux bootstrap``, the Flux Operator, or something outside Git."""


def choose_root(
    tree: Overlay,
    roots: Sequence[Root],
    cluster: Cluster,
    flavour: str | None,
    namespace: str | None,
) -> Root:
    """Return the root of *cluster*: the one that is there, or the one that ``flux bootstrap`` will write.

    *flavour* is one of FLAVOURS, None for what is found. Raises UsageError or GitOpsSecretsError if something else installs Flux.
    """
    found = next((r for r in roots if r.cluster.path == cluster.path), None)
    found = found or root_at(tree, cluster)
    if flavour == Installer.OPERATOR and (found is None or found.instance is None):
        raise UsageError(
            f"--flavour {Installer.OPERATOR}: no FluxInstance syncs {cluster.path}",
            "commit the FluxInstance first: its spec.kustomize.patches name the pull Secret",
        )
    if flavour == Installer.EXTERNAL:
        root = found or bootstrapped_root(tree, cluster, flux_folder(cluster, namespace))
        return root._replace(installer=Installer.EXTERNAL, patches_in=None, folder=None)
    if flavour == Installer.BOOTSTRAP and (found is None or found.folder is None):
        if found is not None and found.patches_in is not None:
            raise UsageError(
                f"--flavour {Installer.BOOTSTRAP}: {_named(found)} installs the Flux that reads {cluster.path}, "
                f"by {found.patches_in.file}",
                f"--flavour {Installer.OPERATOR}" if found.instance else "leave --flavour away",
            )
        return bootstrapped_root(tree, cluster, flux_folder(cluster, namespace))
    if found is None:
        _refuse_second_installer(tree, roots, cluster)
        return bootstrapped_root(tree, cluster, flux_folder(cluster, namespace))
    if found.patches_in is None and tree.read(cluster.kustomization_file) is None:
        place = f"{found.kustomization.file}:{found.kustomization.line}"
        _refuse_external(
            tree,
            f"{place} reads {cluster.path}, and nothing in Git says what installs its Flux",
        )
    return found


def _refuse_second_installer(tree: Overlay, roots: Sequence[Root], cluster: Cluster) -> None:
    """Raise GitOpsSecretsError if the files of ``flux bootstrap`` would stand beside another installer."""
    for root in roots:
        reads = f"--path {shlex.quote(root.cluster.path)}"
        if root.folder is not None and cluster.contains(root.kustomization.file):
            raise GitOpsSecretsError(
                f"{root.kustomization.file} is in {cluster.path}, and Flux reads {root.cluster.path} by it",
                reads,
            )
        if root.folder is None:
            raise GitOpsSecretsError(
                f"{root.kustomization.file}:{root.kustomization.line} has Flux read {root.cluster.path}, "
                f"not {cluster.path}, and {_named(root)} installs it; --flavour {Installer.BOOTSTRAP} means one more Flux",
                reads,
                f"--flavour {Installer.BOOTSTRAP}",
            )
    external = find_external(tree)
    if external is not None:
        _refuse_external(tree, f"nothing in Git has Flux read {cluster.path}")


def _named(root: Root) -> str:
    return (
        "the Flux Operator" if root.instance is not None else "something else than flux bootstrap"
    )


def _refuse_external(tree: Overlay, problem: str) -> None:
    external = find_external(tree)
    by = f"; {external} installs Flux" if external is not None else ""
    there = external or "what installs Flux"
    raise GitOpsSecretsError(
        f"{problem}{by}: its ServiceAccounts have to be given the pull Secret by hand, in {there}; "
        f"--flavour {Installer.EXTERNAL} leaves that to you",
        f"--flavour {Installer.EXTERNAL}",
    )
