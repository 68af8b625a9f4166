"""An OpenPGP private key, armored or as sops and Flux take it from a file."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from gitops_secrets.core.guard.rules.base import UNTRACK, Rule

RULE = Rule(
    "pgp-private-key",
    "{object} holds an OpenPGP private key, which opens what is encrypted for it",
    UNTRACK,
)
_ARMOR = re.compile(
    r"-----BEGIN PGP PRIVATE KEY BLOCK-----(?P<body>(?:(?!-----).){0,200000})", re.DOTALL
)
_FIRST = 45
"""Bytes of a key that stand on the first line of its armor, which has 64 characters."""
_DATA = re.compile(r"[A-Za-z0-9+/]{40,}")


def find(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and body of each armored private key that has a body."""
    for match in _ARMOR.finditer(text):
        data = _DATA.search(match["body"])
        if data and len(set(data.group())) > 8:
            yield match.start(), match["body"]


def is_body_of(body: str, key: bytes) -> bool:
    """Return whether *body*, an armored private key without its first line, is that of the binary *key*."""
    return base64.b64encode(key[:_FIRST]).decode() in "".join(body.split())
