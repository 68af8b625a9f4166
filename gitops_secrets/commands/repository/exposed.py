"""A file with a secret that the next ``git add --all`` would take along."""

from __future__ import annotations

from pathlib import Path

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.errors import GitOpsSecretsError


def is_exposed(path: Path) -> bool:
    """Return whether *path* is in a Git work tree that does not ignore it."""
    file = path.expanduser().absolute()
    try:
        repository = open_repository(file.parent)
    except GitOpsSecretsError:
        return False
    return repository.git("check-ignore", "--quiet", "--", str(file)).status == 1
