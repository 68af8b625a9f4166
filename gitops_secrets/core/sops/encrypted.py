"""A value that sops encrypted, told from what only looks so. Imported by what has no parser yet."""

from __future__ import annotations

import re
from binascii import a2b_base64

_BASE64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
ENCRYPTED = re.compile(
    rf"ENC\[AES256_GCM,data:(?P<data>{_BASE64}),iv:(?P<iv>[A-Za-z0-9+/]{{43}}=),"
    r"tag:(?P<tag>[A-Za-z0-9+/]{22}==),"
    r"type:(?P<type>str|int|float|bool|bytes|time|comment)\]"
)
"""An encrypted value in full, as sops writes it."""
_IS_TEXT = bytes(97 if c in b"\t\n\r" or 0x20 <= c <= 0x7E else 0 for c in range(256))
_TEXT, _BEGIN = b"a" * 24, b"a" * 16
_WORD = re.compile(rb"[A-Za-z0-9_=+/.:@!#$%^&*-]{16,}")
"""What ciphertext, which is random, is not once in a hundred million values."""
_GZIP = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")


def is_encrypted_value(value: str) -> bool:
    """Return whether all of *value* is one well-formed ENC[...], with what may be ciphertext in it.

    A text that is only put between the brackets, in base64 as ciphertext is, can be read by everybody.
    """
    found = ENCRYPTED.fullmatch(value)
    if found is None:
        return False
    data, vector, tag = found.group("data", "iv", "tag")
    return not (_is_readable(data) or _is_readable(vector) or _is_readable(tag))


def _is_readable(encoded: str) -> bool:
    decoded = a2b_base64(encoded)
    marks = decoded.translate(_IS_TEXT)
    return (
        _TEXT in marks
        or (marks.startswith(_BEGIN) and _WORD.fullmatch(decoded) is not None)
        or (decoded.startswith(b"\x1f") and _GZIP.match(decoded) is not None)
    )
