"""The forms in which a secret could stand somewhere: itself, in pieces, escaped, in base64.

What a docker config holds is base64 within JSON within base64, so base64 is taken twice.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SHORTEST = 6
_PIECE = 16


def spellings(*secrets: str, users: Iterable[str] = ("robot",)) -> set[bytes]:
    """Return every form of *secrets*, and of each with one of *users* as ``user:secret``.

    Base64 at each of the three alignments, in both alphabets, without the characters that its
    neighbours and padding decide, so that padded and unpadded text are found alike. A long secret
    is also looked for in pieces of 16 characters: a message that quotes its beginning is a leak.
    Forms under six characters are left out, for they would be found by chance.
    """
    found: set[bytes] = set()
    for secret in secrets:
        readable = _escaped(secret)
        auths = {base64.b64encode(f"{user}:{secret}".encode()) for user in users}
        pairs = {f"{user}:{secret}".encode() for user in users}
        found |= readable | auths | {auth.rstrip(b"=") for auth in auths}
        for form in readable | pairs | {auth.rstrip(b"=") for auth in auths}:
            found |= aligned(form)
        found |= set(_pieces(secret))
    return {form for form in found if len(form) >= _SHORTEST}


def aligned(raw: bytes) -> set[bytes]:
    """Return what is the same in every base64 text that holds *raw*, at each of its alignments."""
    found = set()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        first, last = -(-8 * shift // 6), 8 * (shift + len(raw)) // 6
        found |= {encoded[first:last], encoded[first:last].translate(_URL_SAFE)}
    return found


class Needles:
    """All forms of some secrets, to be looked for. Secrets are best made up anew for each test."""

    def __init__(self, *secrets: str) -> None:
        self._forms = tuple(spellings(*secrets))

    def are_in(self, content: bytes) -> bool:
        """Return whether any form of a secret stands in *content*."""
        return any(form in content for form in self._forms)


def _escaped(secret: str) -> set[bytes]:
    """Return *secret* as it is, and as JSON, YAML, a URL, a shell and Python would write it."""
    return {
        secret.encode(),
        json.dumps(secret)[1:-1].encode(),
        json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
        urllib.parse.quote(secret, safe="").encode(),
        urllib.parse.quote_plus(secret).encode(),
        secret.replace("'", "''").encode(),
        repr(secret)[1:-1].encode(),
        repr(secret.encode())[2:-1].encode(),
        secret.encode().hex().encode(),
    }


def _pieces(secret: str) -> Iterable[bytes]:
    # What all identities begin with stands in other programs' files, and in errors.
    secret = secret.removeprefix("AGE-SECRET-KEY-1")
    for start in range(0, len(secret) - _PIECE + 1, _PIECE // 2):
        piece = secret[start : start + _PIECE]
        # A piece of a thing's common part (spaces, a PEM's head) stands in places that leak nothing.
        if len(set(piece)) > _PIECE // 2:
            yield piece.encode()
