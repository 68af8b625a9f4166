"""The commands, one module each, under the command's name with underscores.

A module has ``COMMAND``, and ``ORDER``: its place in the list of the commands, lowest first. To add a command is
to add its module: the command line finds it here, and imports it when the command is called.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import click

from gitops_secrets.core.modules import module_names


def load(name: str) -> click.Command | None:
    """Import and return the command *name*; None if there is none of that name."""
    if name not in _names():
        return None
    found = _module(name).COMMAND
    assert isinstance(found, click.Command)
    return found


def in_order() -> list[str]:
    """Return the names of all commands in their order. Every one of them is imported."""
    return sorted(_names(), key=lambda name: int(_module(name).ORDER))


def _names() -> list[str]:
    return [name.replace("_", "-") for name in module_names(__path__)]


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name.replace('-', '_')}")
