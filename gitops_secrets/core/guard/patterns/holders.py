"""The kinds of objects whose values are those of Secrets: a Secret itself, and what an operator makes one of."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ROOTS = ("data", "stringData")
"""Where a Secret has its values."""
OPERATED = ("SopsSecret", "GlobalSopsSecret")
"""The kinds of the operators that decrypt in the cluster.

isindir/sops-secrets-operator has the values in spec.secretTemplates[], craftypath/sops-operator in spec, and
peak-scale/sops-operator in spec.secrets[], each below ROOTS.
"""
_DEEPEST = 4


def holds_values(kind: str | None) -> bool:
    """Return whether an object of *kind* has values that have to be encrypted."""
    return kind == "Secret" or kind in OPERATED


def is_value(kind: str | None, path: Sequence[str | int]) -> bool:
    """Return whether what stands at *path* of an object of *kind* is a value of a Secret."""
    if kind in OPERATED:
        return path[:1] == ("spec",) and any(step in ROOTS for step in path[1:_DEEPEST])
    return kind == "Secret" and path[:1] != () and path[0] in ROOTS
