"""What kubectl apply left in an annotation: the whole Secret, readable, beside its ciphertext."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import Rule

RULE = Rule(
    "annotation-credentials",
    "an annotation of {object} holds readable secret values",
    "take the annotation kubectl.kubernetes.io/last-applied-configuration out of {path}",
)
ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
