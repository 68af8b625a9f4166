"""The rules: one module, one identifier, one anchor in docs/rules.md, one section of the corpus.

A module has ``RULE`` and, where it looks by itself, the function that looks. The module's name is the
identifier with underscores.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from gitops_secrets.core.guard.rules.base import Rule

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
    "marker-without-reason",
    "policy-change",
)
"""Every rule, in the order of the documentation."""


@cache
def rule(ident: str) -> Rule:
    """Return the rule named *ident*; KeyError for any other name."""
    if ident not in IDENTS:
        raise KeyError(ident)
    module = import_module(f"{__name__}.{ident.replace('-', '_')}")
    found: Rule = module.RULE
    return found
