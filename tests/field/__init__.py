"""The field corpus: small repositories, each in the shape of a public one.

A module has ``LAYOUTS``, its layouts by name. To add a layout is to add it to a module, or a module to the folder.
"""

from __future__ import annotations

from importlib import import_module

from gitops_secrets.core.modules import module_names
from tests.field.layout import Layout


def layouts() -> dict[str, Layout]:
    """Return every layout by its name, with its module's name before it."""
    return {
        f"{name}: {layout}": found
        for name in module_names(__path__)
        if not name.startswith("test_")
        for layout, found in getattr(import_module(f"{__name__}.{name}"), "LAYOUTS", {}).items()
    }
