"""Commits that are not pushed, and the command that takes them back: index and work tree stay as they are."""

from __future__ import annotations

import os
from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.adapters.git.repository import Repository


def take_back_command(commits: Sequence[Sequence[str]]) -> str:
    """Return the command for *commits*, the last ones of a branch, each with its parents, oldest first."""
    name, *parents = commits[0]
    if not parents:
        return "git update-ref -d HEAD"
    if any(len(of_commit) > 2 for of_commit in commits):
        return f"git rebase --interactive --rebase-merges {name[:12]}~1"
    return f"git reset --soft {name[:12]}~1"


def unpushed_since(repository: Repository, path: str) -> list[list[str]]:
    """Return the commits of the branch from the first that changes *path* and that no remote has, with parents.

    Empty if every such commit is at a remote already, as far as that is known here.
    """
    from gitops_secrets.adapters.git.repository import literal

    unpushed = ("HEAD", "--not", "--remotes")
    touching = os.fsdecode(
        repository.ask("rev-list", "--topo-order", "--reverse", *unpushed, "--", literal(path))
    ).split()
    if not touching:
        return []
    listed = repository.ask("rev-list", "--topo-order", "--reverse", "--parents", *unpushed)
    commits = [line.split() for line in os.fsdecode(listed).splitlines()]
    first = next(at for at, (name, *_) in enumerate(commits) if name == touching[0])
    return commits[first:]
