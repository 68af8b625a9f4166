"""The checks of a repository, one subject a file.

A module has ``RANKS``, the checks that it makes and how early each is told, and ``check``, which yields what
is wrong. To add a check is to add its module: everything else finds it here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, cast

from gitops_secrets.core.doctor.diagnosis import Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.modules import load_modules


class Checks(Protocol):
    """What a module of this folder has."""

    RANKS: Mapping[str, int]
    """Each check of the module, and its rank: what stops most has the lowest and is told first.

    A broken kustomization explains much that follows from it. docs/doctor.md has the same order. Two modules
    may make one check, and then give it the same rank.
    """

    def check(self, given: Given) -> Iterator[Diagnosis]:
        """Yield what is wrong."""


def modules() -> tuple[Checks, ...]:
    """Return every module of checks, sorted by name."""
    return tuple(cast("Checks", module) for module in load_modules(__name__, __path__))


def ranks() -> dict[str, int]:
    """Return the rank of every check, the first to be told first."""
    found = {ident: rank for module in modules() for ident, rank in module.RANKS.items()}
    return dict(sorted(found.items(), key=lambda one: one[1]))
