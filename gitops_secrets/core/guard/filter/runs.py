"""Runs of base64, and texts without what may stand between the letters of a word: asked of every content.

What is asked of a run, ``encoded.py``, is loaded when there is one: a commit without one does not wait for it.
"""

from __future__ import annotations

_SQUEEZE = bytes(c for c in range(256) if not 0x21 <= c <= 0x7E) + b"\\"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_="
IS_BASE64 = bytes(97 if c in _ALPHABET else 32 for c in range(256))
"""Translates what base64 consists of to "a", and all else to a blank."""
RUN = b"a" * 32
"""A run of base64 or hexadecimal, translated: less than this is not looked at."""


def squeeze(content: bytes) -> bytes:
    """Return *content* without what may stand between the letters of a word."""
    return content.translate(None, _SQUEEZE)


def is_worth_decoding(content: bytes, packed: bytes) -> bool:
    """Return whether *content*, squeezed to *packed*, holds base64 or hexadecimal of what could hold a finding."""
    # One letter is looked for in a tenth of the time that two take.
    if b"\\" in content and (b"\\n" in content or b"\\r" in content):
        # Go's reader of base64 passes over line breaks, however many a string in quotes has.
        content = content.replace(b"\\n", b"\n").replace(b"\\r", b"\n")
        packed = squeeze(content)
    if RUN not in packed.translate(IS_BASE64):
        return False
    from gitops_secrets.core.guard.filter.encoded import is_worth_it

    return is_worth_it(content, packed)
