"""Whether files may be changed and committed here: nothing of the user's own is to go with them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.git.repository import Head, Listing, Repository
from gitops_secrets.adapters.sops.binary import find_sops
from gitops_secrets.adapters.sops.program import refuse_outranking
from gitops_secrets.adapters.writing.transaction import refuse_half_way
from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.errors import GitOpsSecretsError


def open_for_change(folder: Path, *, dry_run: bool) -> Repository:
    """Return the work tree that *folder* is in, for a command that encrypts and commits there.

    Raises GitOpsSecretsError if there is no sops, something outranks the rules that it is given, Git is in the
    middle of something, or for a *dry_run* what a killed run left is not cleared up yet.
    """
    refuse_outranking()
    find_sops()
    repository = open_repository(folder)
    refuse_operation(repository)
    if dry_run:
        refuse_half_way(repository)
    return repository


def refuse_operation(repository: Repository) -> None:
    """Raise GitOpsSecretsError while a merge, a rebase or the like is under way."""
    under_way = repository.operation_under_way()
    if under_way is not None:
        raise GitOpsSecretsError(
            f"{under_way} is under way in {repository.top}",
            "git status",
        )


def refuse_detached(repository: Repository, head: Head) -> None:
    """Raise GitOpsSecretsError if there is no branch that a commit could go to."""
    if head.branch is None:
        raise GitOpsSecretsError(
            f"{repository.top} is on no branch (detached HEAD)", "git switch main"
        )


def refuse_left_out(
    repository: Repository,
    listing: Listing,
    files: Sequence[str],
    also: Sequence[str] = (),
    folders: Sequence[str] = (),
) -> None:
    """Raise GitOpsSecretsError if a sparse checkout leaves out one of *files*.

    The hint takes in the files that it leaves out, and the files *also* and the *folders* with them.
    """
    unseen = [path for path in files if listing.unseen.get(path) == "skip-worktree"]
    absent = [path for path in unseen if not os.path.lexists(repository.top / path)]
    if absent and repository.is_sparse():
        raise GitOpsSecretsError(
            f"{absent[0]} is in the repository, but this sparse checkout leaves it out",
            *repository.sparse_hints([*absent, *also], folders),
        )


def refuse_changed(
    repository: Repository,
    listing: Listing,
    states: Mapping[str, str],
    changes: Sequence[Change],
    *,
    run_filters: bool,
) -> None:
    """Raise GitOpsSecretsError if a file to change differs from the last commit, or may do so unseen.

    *states* are Git's states of the files that differ. *run_filters* allows to ask a filter of the user's
    whether one of them really does.
    """
    refuse_left_out(repository, listing, [change.path for change in changes])
    for change in changes:
        path = change.path
        flag = listing.unseen.get(path)
        if flag is not None:
            raise GitOpsSecretsError(
                f"{path} is marked {flag}: Git does not see whether it has changes of yours",
                f"git update-index --no-{flag} -- {shlex.quote(path)}",
            )
        state = states.get(path)
        if state == "!!":
            raise GitOpsSecretsError(
                f"{path} is ignored by Git", f"git check-ignore --verbose {shlex.quote(path)}"
            )
        if state is None:
            continue
        if repository.filters and run_filters and not repository.differs(path):
            # Only its filter sees that it does not: a question does not run that.
            continue
        raise GitOpsSecretsError(
            f"{path} has changes that are not committed", *_dirty_hints(path, state)
        )


def _dirty_hints(path: str, state: str) -> tuple[str, ...]:
    name = shlex.quote(path)
    if "D" in state:
        return (f"git restore --staged --worktree -- {name}",)
    away = f"mv {name} {name}.mine" if state == "??" else "git stash"
    return (f"git add {name} && git commit", away)
