"""Commands that messages name."""

from __future__ import annotations

import shlex


def bootstrap_command(path: str, name: str = "regcred", registry: str = "HOST:PORT") -> str:
    """Return the command that makes the pull Secret *name* for the cluster at *path*."""
    return (
        f"gitops-secrets bootstrap --path {shlex.quote(path)} --image-pull-secret {name} "
        f"--registry {registry}"
    )
