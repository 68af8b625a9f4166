"""A push that changes what it is judged by: creation rules, the baseline or inline markers."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import Rule

RULE = Rule(
    "policy-change",
    "changes what later pushes are judged by: {detail}",
    "who may: on the server git config gitops-secrets.allowPolicyChanges true, in CI --allow-policy-changes",
)
