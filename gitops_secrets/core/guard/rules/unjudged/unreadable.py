"""A content that may hold credentials and cannot be judged: what was not seen is not clean."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import UNTRACK, Rule

RULE = Rule(
    "unreadable",
    "could not be judged: {detail}",
    "split {path}, or keep it out of Git: " + UNTRACK,
)
