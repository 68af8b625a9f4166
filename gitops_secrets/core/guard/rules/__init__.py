"""The rules: one module, one identifier, one anchor in docs/rules.md, one section of the corpus.

A module has ``RULE`` and, where it looks by itself, the function that looks. The module's name is the
identifier with underscores.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from gitops_secrets.core.guard.record.idents import IDENTS
from gitops_secrets.core.guard.rules.base import Rule

__all__ = ["IDENTS", "rule"]


@cache
def rule(ident: str) -> Rule:
    """Return the rule named *ident*; KeyError for any other name."""
    if ident not in IDENTS:
        raise KeyError(ident)
    module = import_module(f"{__name__}.{ident.replace('-', '_')}")
    found: Rule = module.RULE
    return found
