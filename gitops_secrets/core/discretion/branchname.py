"""Names of branches that the tool makes: those that every Git, shell and hosting service takes as they are."""

from __future__ import annotations

import re

from gitops_secrets.core.discretion.suspicion import is_unmistakable, may_be_name, may_be_secret
from gitops_secrets.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,9}")


def check_branch_name(name: str) -> None:
    """Raise UsageError if *name* is none that Git takes, has other letters than ``[A-Za-z0-9._/-]``, or may be a secret.

    A branch is pushed, and is seen by everybody: what looks like a password is not made its name. What is
    refused is not repeated.
    """
    if is_unmistakable(name) or (may_be_secret(name) and not may_be_name(name)):
        raise UsageError(
            "what --branch was given looks like a secret, and a branch is seen by everybody",
            "--branch registry/new-credentials",
        )
    parts = name.split("/")
    if (
        _NAME.fullmatch(name)
        and name != "HEAD"
        and ".." not in name
        and not any(part.endswith((".lock", ".")) for part in parts)
    ):
        return
    raise UsageError(
        "what --branch was given is no name for a branch: letters, digits and the signs . _ / -",
        "--branch registry/new-credentials",
    )
