"""What a repository is, and the likely next command."""

from __future__ import annotations

import datetime as dt
import os
import shlex
from pathlib import Path

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.writing.transaction import is_half_way
from gitops_secrets.commands.repository.guarded import is_guarded
from gitops_secrets.commands.repository.pushing import is_ahead
from gitops_secrets.commands.repository.worktree import work_tree
from gitops_secrets.core.doctor.checks.expiry import endings
from gitops_secrets.core.doctor.exposed import exposed
from gitops_secrets.core.doctor.unpulled import Unpulled, unpulled
from gitops_secrets.core.flux.pulls.secrets import pull_secrets
from gitops_secrets.core.flux.suggesting import bootstrap_of, is_external
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.commands import bootstrap_command
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.report.words import count

_SHOWN = 3
"""For so many clusters the command is printed; the rest have the same."""
_HELP = "  gitops-secrets --help"


def overview(folder: Path) -> list[str]:
    """Return a few lines for a person. Raises GitOpsSecretsError outside a Git work tree."""
    repository = open_repository(folder)
    tree, _ = work_tree(repository)
    view = View(tree)
    clusters = view.known
    lines = [f"{repository.top}: {count(len(clusters), 'clusters')} of Flux"]
    if is_half_way(repository):
        lines.append(
            "  a command was ended half-way, or is at work: the next command that writes clears it up"
        )
    now = dt.datetime.now(dt.UTC)
    ending = endings(view, now)
    open_to_all = exposed(view, now)
    bare: list[tuple[Cluster, list[Unpulled]]] = []
    absent = [cluster for cluster in clusters if view.is_absent(cluster)]
    lines += (f"  {c.path}: Flux reads it, and there is no such folder" for c in absent)
    clusters = [cluster for cluster in clusters if cluster not in absent]
    for cluster in clusters:
        secrets = [f for f in tree.files() if f.startswith(f"{cluster.folder}/") and ".sops." in f]
        wired = cluster.inline or tree.read(cluster.kustomization_file) is not None
        readable = [one for one in open_to_all if one.cluster == cluster]
        state = _others(view, cluster) or f"no {'encrypted ' if readable else ''}pull Secret"
        if wired:
            state = f"{count(len(secrets), 'pull Secrets')} in {cluster.folder}"
        lines.append(f"  {cluster.path}: {state}")
        lines += (f"    {one.words}" for one in readable)
        if not (wired and secrets):
            found = unpulled(view, cluster)
            lines += (f"    {one.words}" for one in found)
            bare.append((cluster, found))
    lines += (f"  {one.words(now)}" for one in ending)
    under_way = _under_way(repository, view)
    if under_way is not None:
        # Whatever else writes is refused until Git is done.
        words, commands = under_way
        return [*lines, f"  {words}", "", "next:", *commands, _HELP]
    fixes = [f"  {one.fix}" for one in open_to_all[:_SHOWN]]
    guard = [] if is_guarded(repository) else ["  gitops-secrets hooks install"]
    if view.known and not bare:
        rotate = [f"  {one.command}" for one in ending[:_SHOWN]]
        return [*lines, "", "next:", *fixes, *rotate, *_when_in_place(repository, clusters, guard)]
    first = dict.fromkeys([*fixes, _first_command(view, bare)])
    return [*lines, "", "next:", *first, *guard, _HELP]


def _others(view: View, cluster: Cluster) -> str:
    """Return which pull Secrets the cluster has that bootstrap did not make, empty if there are none."""
    found = [secret for secret in pull_secrets(view) if secret.cluster == cluster]
    files = list(dict.fromkeys(secret.path for secret in found))
    if not files:
        return ""
    more = f" and {count(len(files) - 1, 'more files')}" if files[1:] else ""
    return f"{count(len(found), 'pull Secrets')} in {files[0]}{more}, not made by bootstrap"


def _under_way(repository: Repository, view: View) -> tuple[str, list[str]] | None:
    """Return what Git is in the middle of, and the commands for it; None if nothing is."""
    listed = repository.ask("ls-files", "--unmerged", "-z")
    entries = (os.fsdecode(entry) for entry in listed.split(b"\0") if entry)
    left = list(dict.fromkeys(entry.partition("\t")[2] for entry in entries))
    operation = repository.operation_under_way()
    if not (left or operation):
        return None
    files = f"{', '.join(left[:_SHOWN])}{', ...' if left[_SHOWN:] else ''}"
    where = f"in conflict: {files}" if left else "no file is in conflict"
    ours = [path for path in left if view.is_ciphertext(path)]
    others = ["  git status"] if len(ours) < len(left) or not left else []
    return (
        f"{operation} is under way, {where}" if operation else where,
        [*(f"  gitops-secrets resolve {shlex.quote(p)}" for p in ours[:_SHOWN]), *others],
    )


def _when_in_place(repository: Repository, clusters: list[Cluster], guard: list[str]) -> list[str]:
    """Return what may be left to do where each cluster has its pull Secrets in Git."""
    push = ["  git push"] if is_ahead(repository) else []
    applies = [
        f"  gitops-secrets apply --path {shlex.quote(cluster.path)} --context CONTEXT"
        for cluster in clusters[:_SHOWN]
    ]
    return [*applies, *guard, *push, "  gitops-secrets doctor"]


def _first_command(view: View, bare: list[tuple[Cluster, list[Unpulled]]]) -> str:
    if not bare:
        return f"  {bootstrap_command('clusters/prod')}"
    # First one whose workloads pull without credentials, and last one whose Flux nothing in Git installs.
    cluster, found = min(bare, key=lambda one: (not one[1], is_external(view, one[0])))
    return f"  {found[0].command if found else bootstrap_of(view, cluster)}"
