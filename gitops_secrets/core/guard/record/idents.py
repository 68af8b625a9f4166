"""The names of all rules: what judges them knows no rule itself."""

from __future__ import annotations

IDENTS = (
    "plaintext-dockerconfigjson",
    "docker-config",
    "registry-password",
    "registry-login",
    "commented-credentials",
    "annotation-credentials",
    "packed-credentials",
    "unencrypted-secret",
    "partly-encrypted-secret",
    "broken-sops-metadata",
    "conflict-markers",
    "encrypted-other-kind",
    "moved-ciphertext",
    "copied-ciphertext",
    "age-identity",
    "pgp-private-key",
    "unreadable",
    "content-elsewhere",
    "marker-without-reason",
    "policy-change",
)
"""Every rule, in the order of the documentation."""
