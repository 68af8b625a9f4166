"""What a partial clone lacks: it is never fetched while a repository is read, and the error says how to get it."""

from __future__ import annotations

from gitops_secrets.errors import GitOpsSecretsError

BRINGS = "git fetch --refetch --no-filter"
"""Without --no-filter Git would leave out again what the clone was told to leave out."""


def git_failed(command: str, said: str) -> GitOpsSecretsError:
    """Return the error for a ``git`` *command* that failed, by what it *said*."""
    if "promisor remote" in said:
        return lacks(f"what git {command} asks for")
    return GitOpsSecretsError(f"git {command} failed: {said}")


def lacks(what: str) -> GitOpsSecretsError:
    """Return the error for *what* is not here."""
    return GitOpsSecretsError(
        f"{what} is not in this partial clone, and nothing is fetched while a repository is read",
        BRINGS,
    )
