"""Git against Git: why a pull or a decryption fails, or will fail once this is pushed."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.files import read_file
from gitops_secrets.adapters.git import Repository, open_repository
from gitops_secrets.adapters.revision import tree_of, upstream_commit
from gitops_secrets.core.doctor.diagnosis import Diagnosis
from gitops_secrets.core.doctor.examine import examine
from gitops_secrets.core.doctor.view import View
from gitops_secrets.core.overlay import Overlay
from gitops_secrets.errors import GitOpsSecretsError


class Examined(NamedTuple):
    """What was looked at, and what was found."""

    clusters: tuple[str, ...]
    kustomizations: int
    encrypted: int
    diagnoses: tuple[Diagnosis, ...]


class Request(NamedTuple):
    """What the command line says."""

    repository: Path
    context: str | None
    """The kubeconfig's context of the cluster to ask; None for Git alone."""
    kubeconfig: Path | None
    identity_file: Path | None


def doctor(request: Request) -> Examined:
    """Examine the work tree's files, those that are new and not ignored among them, and the cluster.

    Without a context it opens no connection, runs nothing but git and needs no key. Raises
    GitOpsSecretsError outside a Git work tree, where no cluster of Flux is in it, and where the cluster
    may not be read.
    """
    repository = open_repository(request.repository)
    tree = Overlay(repository.list_files(), lambda path: read_file(repository.top, path))
    view = View(tree, _pushed(repository))
    if not view.clusters:
        raise GitOpsSecretsError(
            f"no cluster of Flux is in {repository.top}: there is no flux-system/gotk-sync.yaml",
            "gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred --registry REGISTRY",
        )
    diagnoses = examine(view)
    if request.context is not None:
        from gitops_secrets.adapters.cluster import connect
        from gitops_secrets.commands.doctor_live import observe
        from gitops_secrets.core.doctor.live import check

        live = observe(connect(request.kubeconfig, request.context), view, request.identity_file)
        diagnoses = (*check(view, live), *diagnoses)
    return Examined(
        tuple(cluster.path for cluster in view.clusters),
        len(view.applied),
        len(view.encrypted),
        diagnoses,
    )


def _pushed(repository: Repository) -> Overlay | None:
    """Return the tree of the upstream branch, as far as it is known here; None without one."""
    revision = upstream_commit(repository)
    if revision is None or repository.git("diff", "--quiet", revision, "--").status == 0:
        return None
    return tree_of(repository, revision)
