"""The registries whose API mints and revokes, one module each.

A module has ``NAME``, ``ABOUT`` and ``open_minter``, which returns a Minter for an Access. To add a provider is to add its
module: everything else finds it here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from gitops_secrets.core.modules import module_names

if TYPE_CHECKING:
    # Whoever only asks for the names, as each command line of registry does, does without what mints.
    from gitops_secrets.adapters.registries.minter import Access, Minter


class About(NamedTuple):
    """What a user has to know of a provider. docs/rotation.md shows it, and a test holds both together."""

    mints: str
    """What is minted."""
    least: str
    """The least credential that may mint, and what more it could do."""
    expiry: str
    """Whether what is minted ends by itself."""
    tokens: str
    """How long a token lives that the registry issued for a credential that is revoked."""
    pause: str
    """How a credential is taken out of use with a way back, before it is revoked."""
    tried: str
    """What it was run against."""


def provider_names() -> tuple[str, ...]:
    """Return the names of all providers, sorted."""
    return tuple(module_names(__path__))


def about(name: str) -> About:
    """Return what is known of the provider *name*, one of provider_names."""
    found = _module(name).ABOUT
    assert isinstance(found, About)
    return found


def open_minter(name: str, access: Access) -> Minter:
    """Return what mints at the provider *name*, one of provider_names, by *access*. It asks nothing yet."""
    make: Callable[[Access], Minter] = _module(name).open_minter
    return make(access)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")
