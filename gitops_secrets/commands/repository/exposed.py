"""A file with a secret that the next ``git add --all`` would take along."""

from __future__ import annotations

import os
from pathlib import Path

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.errors import GitOpsSecretsError


def is_exposed(path: Path) -> bool:
    """Return whether *path* is a file in a Git work tree that does not ignore it.

    What is no file may be a secret in the wrong place. So git is not started for it, and never gets the path as
    an argument.
    """
    file = path.expanduser().absolute()
    if not file.is_file():
        return False
    try:
        repository = open_repository(file.parent)
    except GitOpsSecretsError:
        return False
    asked = repository.git("check-ignore", "-z", "--stdin", stdin=os.fsencode(file) + b"\0")
    return asked.status == 1
