"""A Secret, or what becomes one, whose docker config can be read."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import ENCRYPT_BY_NEW_RULE, Rule

RULE = Rule(
    "plaintext-dockerconfigjson",
    "{object} holds readable registry credentials",
    ENCRYPT_BY_NEW_RULE,
)
KEYS = (".dockerconfigjson", ".dockercfg", "dockerconfigjson", "dockercfg")
"""Keys that only a pull secret has."""
