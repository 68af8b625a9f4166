"""The fewest changes that make what a file holds into what a merge made of it, as sops takes them one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator

from gitops_secrets.core.sops.merging.values import Documents, are_same, is_branch, is_same
from gitops_secrets.core.sops.reader.tree import Branch, Comment, Typed, Value
from gitops_secrets.core.sops.valuechanges import ValueChange, way_to
from gitops_secrets.core.yamltext.nodes import Path

_BOOLEANS = {b"True": "true", b"False": "false"}


def changes_to(old: Documents, new: Documents) -> tuple[ValueChange, ...] | None:
    """Return what makes *old* into *new*; None if not the first document alone differs: sops sets no values in others."""
    if not old or not new or not are_same(old[1:], new[1:]):
        return None
    return tuple(_between(old[0], new[0], ()))


def can_become(old: Documents, new: Documents) -> bool:
    """Return whether sops can make *old* into *new*: it sets no list as a whole."""
    changes = changes_to(old, new)
    return changes is not None and not any(
        change.value is not None and change.value[:1] == b"[" for change in changes
    )


def _between(old: Branch, new: Branch, path: Path) -> Iterator[ValueChange]:
    before, after = dict(old), dict(new)
    for key in before:
        if key not in after:
            yield ValueChange(way_to((*path, key)), None)
    for key, value in after.items():
        here = (*path, key)
        if key not in before:
            yield _set(here, value)
        else:
            yield from _of_value(before[key], value, here)


def _of_value(old: Value, new: Value, path: Path) -> Iterator[ValueChange]:
    if is_same(old, new):
        return
    if is_branch(old) and is_branch(new):
        yield from _between(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        for index, value in enumerate(new):
            here = (*path, index)
            if index < len(old):
                yield from _of_value(old[index], value, here)
            else:
                yield _set(here, value)
        for index in reversed(range(len(new), len(old))):
            yield ValueChange(way_to((*path, index)), None)
    else:
        yield _set(path, new)


def _set(path: Path, value: Value) -> ValueChange:
    return ValueChange(way_to(path), _json(value).encode("utf-8", "surrogateescape"))


def _json(value: Value) -> str:
    """Return *value* in JSON. A time becomes text, which does not read back as it was."""
    if isinstance(value, Typed):
        number = value.canonical.decode()
        if value.canonical in _BOOLEANS:
            return _BOOLEANS[value.canonical]
        return number if _is_number(number) else json.dumps(number)
    if isinstance(value, Comment):
        return json.dumps(value.text)
    if isinstance(value, list):
        return f"[{','.join(map(_json, value))}]"
    if is_branch(value):
        inner = (f"{json.dumps(key)}:{_json(item)}" for key, item in value)
        return f"{{{','.join(inner)}}}"
    return json.dumps(value)


def _is_number(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_constant=str), (int, float))
    except ValueError:
        return False
