"""Whether the guard looks at what is committed in a clone."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.core.guard.hookscripts import NAME


def is_guarded(repository: Repository) -> bool:
    """Return whether Git's pre-commit hook names the guard, or the pre-commit framework is to run it.

    It is asked to suggest ``hooks install``, no more: ``hooks status`` says whether the hooks work.
    """
    # Everywhere else Git is told to run no hook, and would name another folder.
    git = Git(str(repository.top), hooks=True)
    said = git.ask("rev-parse", "--path-format=absolute", "--git-path", "hooks")
    hooks = Path(os.fsdecode(said.removesuffix(b"\n")))
    return _names_it(hooks / "pre-commit") or _names_it(repository.top / ".pre-commit-config.yaml")


def _names_it(file: Path) -> bool:
    with suppress(OSError):
        return file.is_file() and NAME.encode() in file.read_bytes()
    return False
