"""What a merge says where it keeps our version."""

from __future__ import annotations

import shlex

from gitops_secrets.errors import GitOpsSecretsError


def refused(path: str, why: str, *hints: str) -> GitOpsSecretsError:
    """Return the error that *path* is not merged; without *hints* it names how one side is taken as it is."""
    return GitOpsSecretsError(f"{path}: {why}", *(hints or _way_out(path)))


def _way_out(path: str) -> tuple[str, ...]:
    from gitops_secrets.adapters.git.repository import literal

    name = shlex.quote(literal(path))
    return tuple(
        f"git checkout --{side} -- {name} && git add -- {name}" for side in ("ours", "theirs")
    )
