"""A JSON file as sops loads it, which is also what it makes of a file in no form that it knows."""

from __future__ import annotations

import json
import re
from typing import NoReturn

import yaml

from gitops_secrets.core.sops.reader.flat import node_of
from gitops_secrets.core.sops.reader.scalars import format_float
from gitops_secrets.core.sops.reader.tree import (
    Branch,
    Form,
    RefusedError,
    Tree,
    Typed,
    UnsupportedError,
    Value,
)

BLOCK = "sops"
_SPACES = re.compile(r"[ \t\r\n]*")
_MAX_EXACT = 1 << 53


def load_json(content: bytes, form: Form = Form.JSON) -> tuple[Tree, yaml.MappingNode]:
    """Return what *content* holds, and its ``sops`` block. Raises RefusedError and UnsupportedError."""
    found = load_readable_json(content)
    blocks = [value for key, value in found if key == BLOCK]
    if not blocks:
        raise RefusedError("it has no sops block")
    if len(blocks) > 1 or not isinstance(blocks[0], tuple):
        raise RefusedError("its sops block is not one mapping")
    tree = Tree(form, (tuple((key, value) for key, value in found if key != BLOCK),))
    return tree, node_of(blocks[0])


def load_readable_json(content: bytes) -> Branch:
    """Return what the object *content* holds; the errors are those of load_json."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise UnsupportedError("it is not UTF-8") from None
    try:
        start = _SPACES.match(text)
        found, end = _DECODER.raw_decode(text, start.end() if start else 0)
    except ValueError:
        raise UnsupportedError("it is not plain JSON") from None
    except RecursionError:
        raise UnsupportedError("it is nested too deep") from None
    if text[end:].strip(" \t\r\n"):
        raise UnsupportedError("something follows its JSON")
    if not isinstance(found, tuple):
        raise RefusedError("it is not an object")
    return found


def _object(pairs: list[tuple[str, object]]) -> Branch:
    found = []
    for key, value in pairs:
        _check_text(key)
        found.append((key, _typed(value)))
    return tuple(found)


def _typed(value: object) -> Value:
    """Return *value*, in which only objects are what they are to be already."""
    if isinstance(value, str):
        _check_text(value)
        return value
    if isinstance(value, bool):
        return Typed(str(value).encode())
    if isinstance(value, list):
        return [_typed(item) for item in value]
    assert value is None or isinstance(value, tuple)
    return value


def _check_text(text: str) -> None:
    if not text.isascii() and re.search("[\ud800-\udfff]", text):
        raise UnsupportedError("a text has half of a character")


def _integer(text: str) -> Typed:
    number = int(text) if len(text) < 20 else _MAX_EXACT + 1
    # sops before 3.13.2 read every number as a float, and what it wrote then has another MAC.
    if abs(number) > _MAX_EXACT or text == "-0":
        raise UnsupportedError("a number is read otherwise by other versions of sops")
    return Typed(str(number).encode())


def _float(text: str) -> Typed:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise RefusedError("a number is out of range")
    return Typed(format_float(number))


def _constant(_: str) -> NoReturn:
    raise ValueError("not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
