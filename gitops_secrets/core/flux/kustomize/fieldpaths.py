"""The field paths of replacements: ``spec.containers.[name=app].image``, ``metadata.annotations.[a.b/c]``."""

from __future__ import annotations

import re
from collections.abc import Callable

_ELEMENT = re.compile(r"\[(.*?)=(.*)\]", re.DOTALL)
_DOT = re.compile(r"(?<!\\)\.")
_EVERY = "*"


def split_path(path: str) -> list[str]:
    """Return the steps of a path: a dot is one with a backslash before it, or between brackets."""
    steps: list[str] = []
    is_open = False
    for part in (p.replace("\\.", ".") for p in _DOT.split(path.removeprefix("."))):
        if is_open:
            steps[-1] += f".{part}"
        else:
            steps.append(part)
        is_open = steps[-1].startswith("[") and not steps[-1].endswith("]")
    is_key = (s.startswith("[") and "." in s and "=" not in s for s in steps)
    return [s.strip("[]") if key else s for s, key in zip(steps, is_key, strict=True)]


def value_at(value: object, steps: list[str]) -> object:
    """Return the field of the object *value*, as mutate.plain has it; None if it is not there."""
    for step in steps:
        element = _ELEMENT.fullmatch(step)
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and element is not None:
            key, wanted = element.groups()
            value = next((v for v in value if (_field(v, key) if key else v) == wanted), None)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def changed_at(
    value: object, steps: list[str], new: Callable[[object], object], *, create: bool
) -> object:
    """Return *value* with *new* of what is at *steps*; unchanged if that is not there and *create* is not set."""
    if not steps:
        return new(value)
    step, *rest = steps
    if isinstance(value, list):
        return _in_list(value, step, rest, new, create=create)
    if not isinstance(value, dict) or (step not in value and not create):
        return value
    found = value[step] if step in value else _empty(rest)
    return {**value, step: changed_at(found, rest, new, create=create)}


def _in_list(
    value: list[object],
    step: str,
    rest: list[str],
    new: Callable[[object], object],
    *,
    create: bool,
) -> object:
    element = _ELEMENT.fullmatch(step)
    if element is not None:
        key, wanted = element.groups()
        chosen = [n for n, v in enumerate(value) if _is_found(wanted, _field(v, key) if key else v)]
        if not chosen and create:
            chosen, value = [len(value)], [*value, {key: wanted} if key else wanted]
    elif step == _EVERY:
        chosen = list(range(len(value)))
    else:
        chosen = [int(step)] if step.isdigit() else []
        if chosen == [len(value)] and create:
            value = [*value, _empty(rest)]
    return [
        changed_at(v, rest, new, create=create) if n in chosen else v for n, v in enumerate(value)
    ]


def _empty(rest: list[str]) -> object:
    """Return what is made for a field that is not there, and in which *rest* follows."""
    if not rest:
        return None
    return [] if rest[0].isdigit() or _ELEMENT.fullmatch(rest[0]) else {}


def _field(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _is_found(pattern: str, value: object) -> bool:
    """Return whether the regular expression *pattern* of Go is found in *value*, as kustomize chooses elements."""
    from gitops_secrets.core.goregex.match import GoRegexError, go_regex

    try:
        return isinstance(value, str) and go_regex(pattern).is_found_in(value)
    except GoRegexError:
        return pattern == value
