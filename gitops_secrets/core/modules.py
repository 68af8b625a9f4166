"""What is found by its file alone: rules, checks, commands, formats and providers, one module each in a folder."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType


def module_names(path: Iterable[str]) -> list[str]:
    """Return the names of the modules in *path*, the ``__path__`` of a package, sorted. None is imported."""
    return sorted(module.name for module in pkgutil.iter_modules(path))


def load_modules(package: str, path: Iterable[str]) -> list[ModuleType]:
    """Import and return the modules of *package* in *path*, its ``__path__``, sorted by name."""
    return [import_module(f"{package}.{name}") for name in module_names(path)]
