"""Git's own locks that a killed run left behind, and when they may go."""

from __future__ import annotations

import shlex
import time
from contextlib import suppress
from pathlib import Path

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.errors import GitOpsSecretsError

_LOCK_PATIENCE = 2.0
"""Seconds that a git lock of an ended run may take to go away by itself."""


def remove_stale_locks(repository: Repository, branch: str | None, journal: Path) -> None:
    """Remove git's locks that a killed run left: younger than its journal, with no git alive here."""
    stale = _lasting_locks(repository, branch)
    if not stale:
        return
    since = journal.stat().st_mtime
    if _git_at_work(repository) or any(lock.stat().st_mtime < since for lock in stale):
        names = " ".join(shlex.quote(str(lock)) for lock in stale)
        raise GitOpsSecretsError(
            "an earlier run was ended half-way, and git's lock is in the way of taking it back",
            f"once no git runs in this repository: rm -f {names}",
        )
    for lock in stale:
        lock.unlink(missing_ok=True)


def refuse_locks(repository: Repository, branch: str | None) -> None:
    """Raise GitOpsSecretsError where git could not commit to *branch* for a lock of somebody else's."""
    locks = _lasting_locks(repository, branch)
    if locks:
        names = " ".join(shlex.quote(str(lock)) for lock in locks)
        raise GitOpsSecretsError(
            f"another git is at work in {repository.top}, or was killed there and left its lock",
            f"once no git runs in this repository: rm -f {names}",
        )


def _lasting_locks(repository: Repository, branch: str | None) -> list[Path]:
    """Return the locks that are in the way of a commit to *branch*, and stay so for a while."""
    git_dir = repository.git_dir
    # A linked work tree has an index of its own, and its branches where all have them.
    pointer = git_dir / "commondir"
    common = git_dir / pointer.read_text().strip() if pointer.exists() else git_dir
    candidates = [
        *(git_dir / "index.lock", git_dir / "HEAD.lock", *git_dir.glob("next-index-*.lock")),
        *(common / "refs" / "heads" / f"{branch}.lock", common / "packed-refs.lock"),
    ]
    deadline = time.monotonic() + _LOCK_PATIENCE
    while any(lock.exists() for lock in candidates) and time.monotonic() < deadline:
        if not _git_at_work(repository):
            break
        time.sleep(0.05)
    return [lock for lock in candidates if lock.exists()]


def _git_at_work(repository: Repository) -> bool:
    """Return whether a git process runs in *repository*; True where the system does not tell."""
    processes = Path("/proc")
    if not (processes / "self" / "comm").exists():
        return True
    for process in processes.iterdir():
        if not process.name.isdigit():
            continue
        with suppress(OSError):
            name = (process / "comm").read_text().strip()
            if name == "git" or name.startswith("git-"):
                here = (process / "cwd").resolve()
                if here == repository.top or repository.top in here.parents:
                    return True
    return False
