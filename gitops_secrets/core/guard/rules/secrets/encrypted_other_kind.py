"""Values of a Secret under another kind: Flux decrypts a ConfigMap too, and anybody reads that."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import Rule

RULE = Rule(
    "encrypted-other-kind",
    "{object} holds the encrypted values of a Secret, and Flux decrypts them into a {detail}",
    "set kind: Secret in {path}, then encrypt it again: gitops-secrets encrypt {path}",
)
