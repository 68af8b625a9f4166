"""Flux's post-build substitution: what a variable in a manifest becomes, as far as Git says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_VARIABLE = re.compile(r"\$\{([_A-Za-z]\w*)(?:(:?[-=])([^}$]*))?\}")
DISABLED = "kustomize.toolkit.fluxcd.io/substitute"
"""The label or annotation that keeps an object as it is written, with the value ``disabled``."""


class Variables(NamedTuple):
    """The variables of one Kustomization."""

    known: Mapping[str, str]
    is_complete: bool
    """Whether there are no others: substituteFrom may bring what Git does not show."""


def substituted(value: object, variables: Variables) -> object:
    """Return *value*, as mutate.plain has it, with its variables; those that are not known stay."""
    if isinstance(value, dict):
        return {key: substituted(found, variables) for key, found in value.items()}
    if isinstance(value, list):
        return [substituted(found, variables) for found in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    return _VARIABLE.sub(lambda match: _value(match, variables), value)


def is_open(value: str) -> bool:
    """Return whether *value* holds a variable that is not known."""
    return "${" in value


def _value(match: re.Match[str], variables: Variables) -> str:
    name, operator, default = match.groups()
    found = variables.known.get(name)
    if found is None and not variables.is_complete:
        return match[0]
    if operator and (found is None or (found == "" and operator.startswith(":"))):
        return str(default)
    return found or ""
