"""Where the members of a JSON object stand in its text, by JSON's own rules and not by YAML's."""

from __future__ import annotations

import json
from typing import NamedTuple

from gitops_secrets.errors import InvalidDocumentError

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


class Member(NamedTuple):
    """One member: where its key and its value begin, and where the value ends."""

    key: int
    value: int
    end: int


def members(text: str, at: int) -> dict[str, Member]:
    """Return the members of the object that begins at *at* in *text*, by their names.

    Raises InvalidDocumentError for what is not JSON, and for a name that stands twice.
    """
    found: dict[str, Member] = {}
    try:
        at = _skip(text, at + 1)
        while text[at] != "}":
            key = at
            name, at = _DECODER.raw_decode(text, at)
            at = _expect(text, at, ":")
            value = at
            _, at = _DECODER.raw_decode(text, at)
            if name in found or not isinstance(name, str):
                raise InvalidDocumentError(f"key {name!r} stands twice", "remove one of the two")
            found[name] = Member(key, value, at)
            at = _skip(text, at)
            if text[at] != "}":
                at = _expect(text, at, ",")
    except (ValueError, IndexError, RecursionError):
        raise InvalidDocumentError("not valid JSON") from None
    return found


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _expect(text: str, at: int, mark: str) -> int:
    at = _skip(text, at)
    if text[at] != mark:
        raise ValueError
    return _skip(text, at + 1)
