"""Runs of base64, and texts without what may stand between the letters of a word: asked of every content."""

from __future__ import annotations

_SQUEEZE = bytes(c for c in range(256) if not 0x21 <= c <= 0x7E) + b"\\"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_="
IS_BASE64 = bytes(97 if c in _ALPHABET else 32 for c in range(256))
"""Translates what base64 consists of to "a", and all else to a blank."""
RUN = b"a" * 32
"""A run of base64, translated: less than this is not looked at."""


def squeeze(content: bytes) -> bytes:
    """Return *content* without what may stand between the letters of a word."""
    return content.translate(None, _SQUEEZE)


def may_be_encoded(content: bytes, packed: bytes) -> bool:
    """Return whether a run of base64 may stand in *content*, squeezed to *packed*: line breaks may be spelled."""
    return b"\\" in content or RUN in packed.translate(IS_BASE64)
