"""The branch that is made for a commit, if the one that is checked out takes changes by merge requests only."""

from __future__ import annotations

import os
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import Head, Repository
from gitops_secrets.core.discretion.branchname import check_branch_name
from gitops_secrets.errors import UsageError


class NewBranch(NamedTuple):
    """A branch that begins at the one that is checked out."""

    name: str
    base: str
    remote: str
    """The remote of *base*, "" if the repository has none."""


def new_branch(repository: Repository, head: Head, name: str | None) -> NewBranch | None:
    """Return the branch *name* that is to be made at *head*; None if none is asked for, or it is checked out.

    Raises UsageError if there is such a branch already, or no commit at which it could begin.
    """
    if name is None or name == head.branch:
        return None
    check_branch_name(name)
    if head.commit is None:
        raise UsageError(
            "--branch: there is no commit yet that a branch could begin at",
            "git commit --allow-empty --message 'First commit'",
        )
    found = repository.ask(
        *("for-each-ref", "--count=1", "--format=%(refname)"),
        *(f"refs/heads/{name}", f"refs/remotes/*/{name}"),
    )
    there = os.fsdecode(found).strip()
    if there:
        raise UsageError(f"--branch: {there} is there already", *_instead(name, there))
    return NewBranch(name, head.branch or "", remote_of(repository, head))


def _instead(name: str, there: str) -> tuple[str, ...]:
    other = "or give another name with --branch"
    # refs/heads/NAME/x takes the place of NAME, and cannot be switched to by it.
    return (f"git switch {name}", other) if there.endswith(f"/{name}") else (other[3:],)


def remote_of(repository: Repository, head: Head) -> str:
    """Return the remote that *head*'s branch follows, else origin, else the first; "" if there is none."""
    followed = repository.git("config", "--get", f"branch.{head.branch}.remote")
    remotes = repository.ask("remote").decode().split()
    wanted = (followed.stdout.decode().strip(), "origin", *remotes)
    return next((remote for remote in wanted if remote in remotes), "")
