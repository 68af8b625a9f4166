"""The findings of a scan, in each format that is asked for, one module a format.

A module has ``render``, which makes the report of an outcome. To add a format is to add its module.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitops_secrets.core.guard.outcome import Outcome


def formats() -> list[str]:
    """Return the names of all formats: the one for people, and then the others by name."""
    from gitops_secrets.core.modules import module_names  # Hooks, which report as text, do without.

    return sorted(module_names(__path__), key=_order)


def renderer(name: str) -> Callable[[Outcome], str]:
    """Return what renders a report in the format *name*, one of formats."""
    return cast("Callable[[Outcome], str]", import_module(f"{__name__}.{name}").render)


def _order(name: str) -> tuple[bool, str]:
    return name != "text", name
