"""Registry credentials that are encoded again or compressed, which hides nothing."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import UNTRACK, Rule

RULE = Rule(
    "packed-credentials", "{object} holds registry credentials, only packed ({detail})", UNTRACK
)
