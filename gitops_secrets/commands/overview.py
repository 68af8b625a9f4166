"""What a repository is, and the likely next command."""

from __future__ import annotations

import datetime as dt
import shlex
from pathlib import Path

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.writing.transaction import is_half_way
from gitops_secrets.commands.repository.pushing import is_ahead
from gitops_secrets.commands.repository.worktree import listed_tree
from gitops_secrets.core.doctor.checks.expiry import endings
from gitops_secrets.core.doctor.unpulled import Unpulled, unpulled
from gitops_secrets.core.flux.suggesting import bootstrap_of
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.commands import bootstrap_command
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.report.words import count

_SHOWN = 3
"""For so many clusters the command is printed; the rest have the same."""


def overview(folder: Path) -> list[str]:
    """Return a few lines for a person. Raises GitOpsSecretsError outside a Git work tree."""
    repository = open_repository(folder)
    tree = listed_tree(repository)
    view = View(tree)
    clusters = view.known
    lines = [f"{repository.top}: {count(len(clusters), 'clusters')} of Flux"]
    if is_half_way(repository):
        lines.append(
            "  a bootstrap was ended half-way, or is at work: the next command that writes clears it up"
        )
    now = dt.datetime.now(dt.UTC)
    ending = endings(view, now)
    bare: list[tuple[Cluster, list[Unpulled]]] = []
    for cluster in clusters:
        secrets = [f for f in tree.files() if f.startswith(f"{cluster.folder}/") and ".sops." in f]
        wired = cluster.inline or tree.read(cluster.kustomization_file) is not None
        state = "no pull Secret"
        if wired:
            state = f"{count(len(secrets), 'pull Secrets')} in {cluster.folder}"
        lines.append(f"  {cluster.path}: {state}")
        if not (wired and secrets):
            found = unpulled(view, cluster)
            lines += (f"    {one.words}" for one in found)
            bare.append((cluster, found))
    lines += (f"  {one.words(now)}" for one in ending)
    if clusters and not bare:
        rotate = [f"  {one.command}" for one in ending[:_SHOWN]]
        return [*lines, "", "next:", *rotate, *_when_in_place(repository, clusters)]
    return [*lines, "", "next:", *_next(view, bare)]


def _when_in_place(repository: Repository, clusters: list[Cluster]) -> list[str]:
    """Return what may be left to do where each cluster has its pull Secrets in Git."""
    push = ["  git push"] if is_ahead(repository) else []
    applies = [
        f"  gitops-secrets apply --path {shlex.quote(cluster.path)} --context CONTEXT"
        for cluster in clusters[:_SHOWN]
    ]
    return [*applies, *push, "  gitops-secrets doctor"]


def _next(view: View, bare: list[tuple[Cluster, list[Unpulled]]]) -> list[str]:
    if bare and bare[0][1]:
        command = bare[0][1][0].command
    else:
        command = bootstrap_of(view, bare[0][0]) if bare else bootstrap_command("clusters/prod")
    return [f"  {command}", "  gitops-secrets --help"]
