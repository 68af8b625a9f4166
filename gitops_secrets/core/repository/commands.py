"""Commands that messages name."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def bootstrap_command(path: str, name: str = "regcred", registry: str = "HOST:PORT") -> str:
    """Return the command that makes the pull Secret *name* for the cluster at *path*."""
    return (
        f"gitops-secrets bootstrap --path {shlex.quote(path)} --image-pull-secret {name} "
        f"--registry {registry}"
    )


def registry_command(verb: str, paths: Sequence[str], name: str, registry: str) -> str:
    """Return what does *verb* in the pull Secret *name* of the clusters at *paths*; *registry* are its options.

    It names the Secret, since a cluster can have several.
    """
    at = " ".join(f"--path {shlex.quote(path)}" for path in paths)
    return f"gitops-secrets registry {verb} {at} --image-pull-secret {name} {registry}"
