"""What is printed about where a commit goes next: pushed as it is, or by a merge request."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops_secrets.commands.repository.branches import NewBranch


def base_of(new: NewBranch | None) -> str | None:
    """Return the branch at which the *new* one begins, for a document."""
    return new.base if new is not None else None


def push_commands(new: NewBranch | None) -> list[str]:
    """Return the lines by which the commit is pushed."""
    if new is None:
        return ["  git push"]
    remote, first = new.remote, ""
    if not remote:
        remote, first = "origin", "git remote add origin URL && "
    return [f"  {first}git push --set-upstream {shlex.quote(remote)} {new.name}"]


def request_lines(new: NewBranch | None, addresses: tuple[str, ...]) -> list[str]:
    """Return what is left to do about a *new* branch, with the *addresses* that the server names."""
    if new is None:
        return []
    lines = ["", f"Flux gets the commit when {new.name} is merged into {new.base}"]
    if addresses:
        lines += ["to open the merge request:", *(f"  {address}" for address in addresses)]
    return lines


def way_back(new: NewBranch | None) -> str:
    """Return the command that takes an unpushed commit back."""
    if new is None:
        return "git reset --keep HEAD~1"
    return f"git switch {shlex.quote(new.base)} && git branch --delete --force {new.name}"
