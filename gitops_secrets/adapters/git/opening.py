"""The work tree that a folder is in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gitops_secrets.adapters.git.repository import Repository, start
from gitops_secrets.adapters.running.process import Completed
from gitops_secrets.errors import GitOpsSecretsError


def open_repository(folder: Path) -> Repository:
    """Return the work tree that *folder* is in. Raises GitOpsSecretsError where it is in none."""
    return begin_open(folder)()


def begin_open(folder: Path) -> Callable[[], Repository]:
    """Ask for ``open_repository``, and return what waits for the answer."""
    if not folder.is_dir():
        raise GitOpsSecretsError(f"{folder} is not a folder")
    program = start(folder, "rev-parse", "--show-toplevel", "--absolute-git-dir")
    filters = start(folder, "config", "-z", "--name-only", "--get-regexp", r"^filter\.")
    return lambda: _read_repository(folder, program.finish(), filters.finish())


def _read_repository(folder: Path, done: Completed, filters: Completed) -> Repository:
    lines = os.fsdecode(done.stdout).split("\n")
    if done.status or len(lines) < 2:
        if b"dubious ownership" in done.stderr:
            raise GitOpsSecretsError(
                f"{folder} belongs to another user, and git does not touch it",
                f"git config --global --add safe.directory {folder.resolve()}",
            )
        raise GitOpsSecretsError(
            f"{folder} is in no Git work tree",
            "run it in a clone of the Flux repository, or pass --repo; git init starts one",
        )
    top = own_top(folder, Path(lines[0]))
    names = {
        os.fsdecode(key).partition(".")[2].rpartition(".")[0] for key in filters.stdout.split(b"\0")
    }
    return Repository(top, Path(lines[1]), tuple(sorted(names - {""})))


def own_top(folder: Path, top: Path) -> Path:
    """Return *top*, which Git says is the top of the work tree that *folder* is in.

    Raises GitOpsSecretsError if it is not: a repository's own configuration may lead to any folder.
    """
    if not (top / ".git").exists() or not folder.resolve().is_relative_to(top.resolve()):
        raise GitOpsSecretsError(
            f"{folder} is in no Git work tree of its own: core.worktree leads elsewhere, to {top}",
            "git config --show-origin --get core.worktree",
        )
    return top
