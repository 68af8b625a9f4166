"""What a file holds, as sops walks over it: the order and the types decide what the MAC is over."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias


class UnsupportedError(Exception):
    """It is not known here what sops makes of the file; the message says why, and quotes nothing of it."""


class RefusedError(Exception):
    """sops fails on the file, whatever the key; the message says why, and quotes nothing of it."""


class Form(StrEnum):
    """The form of a file, as sops takes it from the file's name."""

    YAML = "yaml"
    JSON = "json"
    DOTENV = "dotenv"
    INI = "ini"
    BINARY = "binary"


_FORMS = {
    ".yaml": Form.YAML,
    ".yml": Form.YAML,
    ".json": Form.JSON,
    ".env": Form.DOTENV,
    ".ini": Form.INI,
}


def form_of(path: str) -> Form:
    """Return the form that sops takes the file at *path* for."""
    name = path.rpartition("/")[2]
    return next((form for end, form in _FORMS.items() if name.endswith(end)), Form.BINARY)


class Typed(NamedTuple):
    """A readable value that is not text: a number, a boolean or a time, as it goes into the MAC."""

    canonical: bytes


class Comment(NamedTuple):
    """A comment, where the form of the file keeps it apart from values."""

    text: str


Value: TypeAlias = "str | Typed | Comment | Branch | Sequence[Value] | None"
Branch: TypeAlias = "tuple[tuple[str, Value], ...]"
"""A mapping, in its order; of duplicate keys it has all."""


class Tree(NamedTuple):
    """The documents of a file without their ``sops`` blocks."""

    form: Form
    branches: tuple[Branch, ...]
