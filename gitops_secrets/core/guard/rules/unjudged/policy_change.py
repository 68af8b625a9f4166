"""A push that changes what it is judged by: creation rules, the baseline or inline markers."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import Rule

ALLOWS = "gitops-secrets.allowPolicyChanges"
"""The setting of Git by which a server's own administrator allows such changes."""
RULE = Rule(
    "policy-change",
    "changes what later pushes are judged by: {detail}",
    f"to allow it, on the server: git config {ALLOWS} true; in CI: --allow-policy-changes",
)
