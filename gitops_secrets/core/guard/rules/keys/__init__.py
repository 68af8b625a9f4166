"""Private keys in a text. A module here has ``find``, which yields the offset and the text of each.

To add a rule for a private key is to add its module, as long as its text has words that the filter takes for
those of a key: see KEY in filter/prefilter.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Protocol, cast

from gitops_secrets.core.guard.rules.base import Rule
from gitops_secrets.core.modules import load_modules


class KeyRule(Protocol):
    """What a module of this folder has."""

    RULE: Rule

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the offset and the text of each private key in *text*."""


@cache
def key_rules() -> tuple[KeyRule, ...]:
    """Return every rule of this folder, by name."""
    return tuple(cast("KeyRule", module) for module in load_modules(__name__, __path__))
