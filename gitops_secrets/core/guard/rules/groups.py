"""Groups of rules, for those who want a part of the guard as a hook of its own."""

from __future__ import annotations

from gitops_secrets.core.guard.record.idents import GROUPS, group_of

CHOICES = ("all", "credentials", "secrets", "keys")


def belongs(ident: str, choice: str) -> bool:
    """Return whether the rule *ident* is of the group *choice*, one of CHOICES; what could not be judged is of all."""
    groups = GROUPS if choice == "all" else (choice, "unjudged")
    return group_of(ident) in groups
