"""The names of all rules, by their files: what judges them knows no rule itself.

A rule's file is ``rules/GROUP/NAME.py``, with underscores in its name.
"""

from __future__ import annotations

import re
from functools import lru_cache

GROUPS = ("credentials", "secrets", "keys", "unjudged")
"""The folders of the rules."""
_RULES = "gitops_secrets.core.guard.rules"
_NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")


@lru_cache(maxsize=256)
def group_of(ident: str) -> str | None:
    """Return the group of the rule *ident*; None if there is no rule of that name. No rule is imported."""
    from importlib.util import find_spec

    if not _NAME.fullmatch(ident):
        return None
    return next((group for group in GROUPS if find_spec(module_of(group, ident))), None)


def module_of(group: str, ident: str) -> str:
    """Return the name of the module that a rule *ident* of *group* has."""
    return f"{_RULES}.{group}.{ident.replace('-', '_')}"


def idents() -> tuple[str, ...]:
    """Return every rule, by group and then by name."""
    from importlib import import_module

    from gitops_secrets.core.modules import module_names  # A hook asks for single names only.

    return tuple(
        name.replace("_", "-")
        for group in GROUPS
        for name in module_names(import_module(f"{_RULES}.{group}").__path__)
    )
