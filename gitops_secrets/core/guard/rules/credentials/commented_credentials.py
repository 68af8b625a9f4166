"""Registry credentials in what is commented out: Git keeps a comment as long as any line."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import Rule

RULE = Rule(
    "commented-credentials",
    "a comment holds readable registry credentials",
    "take the comment out of {path}",
)
