"""Git against Git: why a pull or a decryption fails, or will fail once this is pushed."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.writing.transaction import is_half_way
from gitops_secrets.commands.registry.opened import open_pull_secrets
from gitops_secrets.commands.repository.clusters import cluster_at
from gitops_secrets.commands.repository.upstream import upstream
from gitops_secrets.commands.repository.worktree import work_tree
from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.doctor.examine import examine
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.doctor.unpulled import unpulled
from gitops_secrets.core.flux.pulls.secrets import pull_secrets
from gitops_secrets.core.flux.roots.find import NO_ROOT, folders_without_root
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.commands import bootstrap_command
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.errors import GitOpsSecretsError, UsageError
from gitops_secrets.report.words import count

_SHOWN = 3
"""So many folders are named where nothing says which of them Flux reads."""


class Examined(NamedTuple):
    """What was looked at, and what was found."""

    clusters: tuple[str, ...]
    kustomizations: int
    encrypted: int
    unopened: int
    """The pull Secrets whose registries are not known: no identity at hand opens them."""
    diagnoses: tuple[Diagnosis, ...]
    refused: tuple[GitOpsSecretsError, ...]
    """What the cluster did not let be read: of that nothing is known."""
    notes: tuple[str, ...] = ()
    """What is no problem, and good to know."""


class Request(NamedTuple):
    """What the command line says."""

    repository: Path
    paths: Sequence[str]
    """The clusters that are meant; none for all."""
    all_clusters: bool
    """Whether all are meant though one context is asked."""
    context: str | None
    """The kubeconfig's context of the cluster to ask; None for Git alone."""
    kubeconfig: Path | None
    identity_file: Path | None
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""


def doctor(request: Request) -> Examined:
    """Examine the work tree's files, those that are new and not ignored among them, and the cluster.

    Without a context it opens no connection, and needs no key but to see the registries of a pull
    Secret. Raises GitOpsSecretsError outside a Git work tree and where no cluster of Flux is in it.
    """
    repository = open_repository(request.repository)
    request.progress("reading the work tree")
    tree, links = work_tree(repository)
    view = View(tree, upstream(repository, tree), links=links)
    if not view.known and not request.paths:
        raise _no_cluster(repository.top, folders_without_root(tree))
    chosen = _chosen(request, view, repository.top)
    if chosen:
        view = View(tree, view.pushed, chosen, links)
    request.progress("decrypting the pull Secrets")
    opened = open_pull_secrets(view, request.identity_file)
    keys = {place: tuple(credentials) for place, credentials in opened.items()}
    request.progress(f"examining {', '.join(cluster.path for cluster in view.clusters)}")
    diagnoses = examine(Given(view, keys, dt.datetime.now(dt.UTC)))
    refused: tuple[GitOpsSecretsError, ...] = ()
    if request.context is not None:
        from gitops_secrets.adapters.cluster.api import connect
        from gitops_secrets.commands.doctor.live import Observer
        from gitops_secrets.core.doctor.live.cluster import check

        request.progress(f"reading the cluster of {request.context}")
        try:
            observer = Observer(connect(request.kubeconfig, request.context))
            diagnoses = (*check(view, observer.observe(view, opened)), *diagnoses)
            refused = tuple(observer.refused.values())
        except UsageError:
            raise
        except GitOpsSecretsError as error:
            refused = (error,)
    if is_half_way(repository):
        diagnoses = (_half_way(repository), *diagnoses)
    return Examined(
        tuple(cluster.path for cluster in view.clusters),
        len(view.applied),
        len(view.encrypted),
        sum(s.place not in keys for s in pull_secrets(view)),
        diagnoses,
        refused,
        tuple(
            f"{found.words}: {found.command}"
            for cluster in view.clusters
            for found in unpulled(view, cluster)
        ),
    )


def _half_way(repository: Repository) -> Diagnosis:
    return Diagnosis(
        "half-way",
        ERROR,
        "a command was ended half-way, or is at work: its files are about, and part of what is said here may be theirs",
        (str(repository.git_dir / "gitops-secrets"),),
        "run that command again: any command that writes first clears up what was left",
    )


def _no_cluster(top: Path, folders: Sequence[str]) -> GitOpsSecretsError:
    """Return the error of a repository without a root; *folders* are those with Kustomizations, if it has some."""
    if not folders:
        return GitOpsSecretsError(
            f"no cluster of Flux is in {top}: {NO_ROOT}",
            bootstrap_command("clusters/prod"),
            "gitops-secrets doctor --path FOLDER",
        )
    more = f" and {count(len(folders) - _SHOWN, 'more folders')}" if folders[_SHOWN:] else ""
    return GitOpsSecretsError(
        f"no cluster of Flux is in {top}: Kustomizations are in {', '.join(folders[:_SHOWN])}{more}, and nothing in "
        "Git says that Flux reads them there",
        *(f"gitops-secrets doctor --path {shlex.quote(f)}" for f in folders[:_SHOWN]),
    )


def _chosen(request: Request, view: View, top: Path) -> list[Cluster]:
    """Return the clusters that the request names; none means all. Raises UsageError for one that is not there."""
    names = ", ".join(cluster.path for cluster in view.known)
    laid_out = {cluster.path: cluster for cluster in view.known}
    named = dict.fromkeys(cluster_at(path, view.tree, top) for path in request.paths)
    chosen = [laid_out.get(cluster.path, cluster) for cluster in named]
    for cluster in chosen:
        if cluster not in view.known and not view.tree.below(cluster.path):
            raise UsageError(
                f"nothing is at {cluster.path}",
                *(f"--path {shlex.quote(known.path)}" for known in view.known),
            )
    if (
        request.context is not None
        and not chosen
        and not request.all_clusters
        and len(view.known) > 1
    ):
        raise UsageError(
            f"which cluster is the context {request.context}? in this repository: {names}",
            f"gitops-secrets doctor --path {view.known[0].path} --context {request.context}",
        )
    return chosen
