"""One encrypted value: AES-GCM under the data key, bound to the keys that lead to it."""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import TYPE_CHECKING

from gitops_secrets.core.sops.encrypted import ENCRYPTED
from gitops_secrets.core.sops.reader.scalars import format_float
from gitops_secrets.core.sops.reader.tree import (
    Comment,
    RefusedError,
    Typed,
    UnsupportedError,
)
from gitops_secrets.core.veiled import Veiled

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_VECTOR_BYTES, _TAG_BYTES = 32, 16
_LIKE_ENCRYPTED = re.compile(
    r"ENC\[AES256_GCM,data:(?P<data>.+),iv:(?P<iv>.+),tag:(?P<tag>.+),type:(?P<type>.+)\]"
)
"""What sops takes for an encrypted value, whatever follows it: more than it writes."""
_BASE64 = re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_KINDS = ("str", "int", "float", "bool", "bytes", "time", "comment")
_INTEGER = re.compile(rb"[+-]?[0-9]{1,19}")
_FLOAT = re.compile(rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
NO_NUMBERS = (b"+Inf", b"-Inf", b"NaN")
_TRUE = (b"1", b"t", b"T", b"TRUE", b"true", b"True")
_FALSE = (b"0", b"f", b"F", b"FALSE", b"false", b"False")
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{0,8}[1-9])?(?:Z|[+-]\d\d:\d\d)")


class ClosedError(Exception):
    """A value does not open: it is not encrypted, was changed, or stands under other keys than it did."""


class DataKey(Veiled):
    """The key under which the values of a file are encrypted. Raises UnsupportedError for one of another length."""

    __slots__ = ("_cipher", "_secret")

    def __init__(self, secret: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(secret) != KEY_BYTES:
            raise UnsupportedError("its data key is of another length than sops writes")
        self._secret = secret
        self._cipher: AESGCM = AESGCM(secret)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataKey) and self._secret == other._secret

    def __hash__(self) -> int:
        return hash(self._secret)

    def decrypt(self, value: str, bound: str) -> bytes | Typed | Comment:
        """Return the plaintext of *value*, which is bound to the text *bound*: text as bytes.

        Raises ClosedError, RefusedError where sops breaks off, and UnsupportedError for what only sops
        can tell.
        """
        if value == "":
            return b""
        found = ENCRYPTED.fullmatch(value) or _read_leniently(value)
        if not found["data"]:
            raise ClosedError
        from cryptography.exceptions import InvalidTag

        data, vector, tag = (a2b_base64(found[name]) for name in ("data", "iv", "tag"))
        try:
            plain = self._cipher.decrypt(vector, data + tag, bound.encode())
        except InvalidTag:
            raise ClosedError from None
        except UnicodeEncodeError:
            raise UnsupportedError("a key is not text") from None
        return _typed(plain, found["type"])


def _read_leniently(value: str) -> re.Match[str]:
    found = _LIKE_ENCRYPTED.match(value)
    if found is None or found["type"] not in _KINDS:
        raise ClosedError
    if "\r" in found[0] or not found[0].isascii():
        raise UnsupportedError("an encrypted value is not written as sops writes it")
    if not all(_BASE64.fullmatch(found[name]) for name in ("data", "iv", "tag")):
        raise ClosedError
    if len(a2b_base64(found["iv"])) != _VECTOR_BYTES or len(a2b_base64(found["tag"])) != _TAG_BYTES:
        raise UnsupportedError("an encrypted value is not written as sops writes it")
    return found


def _typed(plain: bytes, kind: str) -> bytes | Typed | Comment:
    """Return *plain* as it goes into the MAC. The kind is not authenticated: whoever edits a file may change it."""
    if kind == "str":
        return plain
    if kind == "comment":
        return Comment(plain.decode(errors="surrogateescape"))
    if kind == "bytes":
        raise RefusedError("a value says that it is bytes, on which sops breaks off")
    if kind == "int":
        return Typed(_integer(plain))
    if kind == "bool":
        if plain in _TRUE or plain in _FALSE:
            return Typed(b"True" if plain in _TRUE else b"False")
        raise ClosedError
    pattern = _FLOAT if kind == "float" else _TIME
    if not pattern.fullmatch(plain) and not (kind == "float" and plain in NO_NUMBERS):
        raise UnsupportedError(f"a value of type {kind} is not written as sops writes it")
    if kind == "time":
        return Typed(plain)
    if plain in NO_NUMBERS:
        return Typed(plain)
    number = float(plain)
    if number in (float("inf"), float("-inf")):
        raise ClosedError
    return Typed(format_float(number))


def _integer(plain: bytes) -> bytes:
    if not _INTEGER.fullmatch(plain):
        raise ClosedError
    number = int(plain)
    if not -(1 << 63) <= number < 1 << 63:
        raise ClosedError
    return str(number).encode()
