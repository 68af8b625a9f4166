"""A Secret that a creation rule of .sops.yaml says must be encrypted, and is not at all."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import ENCRYPT, Rule

RULE = Rule(
    "unencrypted-secret",
    "{object} is not encrypted, and {detail} says it must be",
    ENCRYPT,
)
SEAL = "sops encrypt --in-place {path} && git add {path}"
"""What fixes a file in one of sops' other formats, which are no manifests, and a Secret of an operator."""
INSIDE = "move the Secret from {path} into a file of its own, and encrypt that"
"""What fixes one that stands in another object, a comment or something packed."""
