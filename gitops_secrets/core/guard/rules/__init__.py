"""The rules: one module, one identifier, one anchor in docs/rules.md, one section of the corpus.

A module has ``RULE`` and, where it looks by itself, the function that looks. Its name is the identifier with
underscores, and its folder the group of rules to which it belongs.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from gitops_secrets.core.guard.record.idents import group_of, module_of
from gitops_secrets.core.guard.rules.base import Rule


@cache
def rule(ident: str) -> Rule:
    """Return the rule named *ident*; KeyError for any other name."""
    group = group_of(ident)
    if group is None:
        raise KeyError(ident)
    found: Rule = import_module(module_of(group, ident)).RULE
    return found
