"""The fewest changes that make what a file holds into what a merge made of it, as sops takes them one by one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_secrets.core.sops.merging.values import Documents, are_same, is_branch, is_same
from gitops_secrets.core.sops.reader.tree import Branch, Comment, Typed, Value
from gitops_secrets.core.sops.valuechanges import ValueChange, way_to
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.core.yamltext.nodes import Path

_BOOLEANS = {b"True": "true", b"False": "false"}
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{0,3}[1-9])?")
_ODD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What YAML does not take as it is, and JSON does."""


class _Change(NamedTuple):
    """A value that is to be set, or taken away."""

    path: Path
    value: Value
    is_gone: bool = False

    def __repr__(self) -> str:
        return f"_Change({self.path!r}, ...)"

    @property
    def told(self) -> ValueChange:
        """As sops takes it."""
        text = None if self.is_gone else _encoded(_json(self.value))
        return ValueChange(way_to(self.path), text)


class StandIns(Veiled):
    """Changes that sops takes, and texts that it puts where it takes no value: each stands in for one."""

    __slots__ = ("_texts", "changes")

    def __init__(self, old: Branch, new: Branch, token: str) -> None:
        """Make what makes *old* into *new*. *token* is a word that is in neither and that nobody could foresee."""
        self._texts: dict[bytes, bytes] = {}
        changes = []
        for change in _between(old, new, ()):
            if change.is_gone or _can_set(change.value):
                changes.append(change.told)
                continue
            word = f"x{len(self._texts)}x{token}"
            self._texts[word.encode()] = _encoded(_json(change.value, in_yaml=True))
            changes.append(ValueChange(way_to(change.path), json.dumps(word).encode()))
        self.changes = tuple(changes)
        """For sops to make."""

    def fill(self, readable: bytes) -> bytes:
        """Return *readable*, which holds the texts, with the values in their place."""
        for word, text in self._texts.items():
            readable = readable.replace(b'"%b"' % word, word).replace(word, text)
        return readable


def changes_to(old: Documents, new: Documents) -> tuple[ValueChange, ...] | None:
    """Return what makes *old* into *new*; None if not the first document alone differs: sops sets no values in others."""
    found = _changes(old, new)
    return None if found is None else tuple(change.told for change in found)


def can_become(old: Documents, new: Documents) -> bool:
    """Return whether sops can make *old* into *new*: it sets no list as a whole, no time and no comment."""
    found = _changes(old, new)
    return found is not None and all(change.is_gone or _can_set(change.value) for change in found)


def _changes(old: Documents, new: Documents) -> tuple[_Change, ...] | None:
    if not old or not new or not are_same(old[1:], new[1:]):
        return None
    return tuple(_between(old[0], new[0], ()))


def _between(old: Branch, new: Branch, path: Path) -> Iterator[_Change]:
    before, after = dict(old), dict(new)
    for key in before:
        if key not in after:
            yield _Change((*path, key), None, is_gone=True)
    for key, value in after.items():
        here = (*path, key)
        if key not in before:
            yield _Change(here, value)
        else:
            yield from _of_value(before[key], value, here)


def _of_value(old: Value, new: Value, path: Path) -> Iterator[_Change]:
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
                yield _Change(here, value)
        for index in reversed(range(len(new), len(old))):
            yield _Change((*path, index), None, is_gone=True)
    else:
        yield _Change(path, new)


def _can_set(value: Value) -> bool:
    """Return whether sops sets *value*: a list only within a mapping, and nothing that JSON does not have."""
    return not isinstance(value, list) and _is_json(value)


def _is_json(value: Value) -> bool:
    """Return whether JSON has the types of *value*, and sops keeps them.

    JSON has no times, and no comments, which are elements of lists. Of a number sops makes a floating point number, and
    writes one of more than six digits with an exponent.
    """
    if isinstance(value, Comment):
        return False
    if isinstance(value, Typed):
        return value.canonical in _BOOLEANS or _NUMBER.fullmatch(value.canonical) is not None
    if isinstance(value, list):
        return all(map(_is_json, value))
    return not is_branch(value) or all(_is_json(item) for _, item in value)


def _json(value: Value, *, in_yaml: bool = False) -> str:
    """Return *value* in JSON, where what JSON lacks becomes text, or on one line of YAML, which has all of it."""
    quote = _quoted if in_yaml else json.dumps
    if isinstance(value, Typed):
        text = value.canonical.decode()
        return _BOOLEANS.get(value.canonical) or (
            text if in_yaml or _is_json(value) else quote(text)
        )
    if isinstance(value, Comment):
        return quote(value.text)
    if isinstance(value, list):
        return f"[{', '.join(_json(item, in_yaml=in_yaml) for item in value)}]"
    if is_branch(value):
        inner = (f"{quote(key)}: {_json(item, in_yaml=in_yaml)}" for key, item in value)
        return f"{{{', '.join(inner)}}}"
    return "null" if value is None else quote(str(value))


def _quoted(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    return _ODD.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
