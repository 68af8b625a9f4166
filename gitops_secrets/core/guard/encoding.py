"""Bytes to text, and back out of what packs text: base64, hexadecimal, gzip and its kin. All of it bounded."""

from __future__ import annotations

import base64
import binascii
import re

MAX_UNPACKED = 8 * 1024 * 1024
"""Bytes that one packed piece may grow to: Kubernetes takes no Secret over 1 MiB, Flux no file over 5."""

_BASE64_TEXT = re.compile(r"[A-Za-z0-9+/_= \t\r\n-]+")
_HEX_TEXT = re.compile(r"(?:0[xX])?(?P<digits>[0-9a-fA-F\s]{16,})")
_ZLIB = (b"x\x9c", b"x\xda")
"""How zlib's default and its best compression begin. Text may begin so as well."""
_MEMBERS = 200
_TEXTUAL = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100)) + b"\0\t\n\r\x1b"
_STRING = re.compile(rb"[\t\n\r\x20-\x7e]{12,}")


class TooLargeError(Exception):
    """A packed piece grows beyond MAX_UNPACKED."""


def textual(content: bytes) -> bytes:
    """Return what of *content* could be text: all of it, or the strings in a program or an image.

    An archive that is not compressed is text with NULs, and stays whole.
    """
    if b"\0" not in content:
        return content
    middle = len(content) // 2
    sample = content[:32768] + content[middle : middle + 32768]
    if len(sample.translate(None, _TEXTUAL)) * 30 <= len(sample):
        return content
    return b"\n".join(_STRING.findall(content))


def decode(content: bytes) -> str:
    """Return *content* as text: by its byte order mark, else by where its NULs are, else UTF-8.

    What is none of them is read as Latin-1, so that no byte is lost.
    """
    for mark, encoding in (
        (b"\xff\xfe\0\0", "utf-32-le"),
        (b"\0\0\xfe\xff", "utf-32-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xef\xbb\xbf", "utf-8"),
    ):
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                break
    if b"\0" in content:
        return _decode_with_nuls(content)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _decode_with_nuls(content: bytes) -> str:
    head = content[:4096]
    head = head[: len(head) // 4 * 4]
    quarters = [head[i::4].count(0) * 4 for i in range(4)]
    size = max(len(head), 1)
    shape = [q > 0.7 * size for q in quarters]
    encoding = {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }.get((shape[0], shape[1], shape[2], shape[3]))
    if encoding:
        unit = 4 if "32" in encoding else 2
        try:
            return content[: len(content) // unit * unit].decode(encoding)
        except UnicodeDecodeError:
            pass
    return content.replace(b"\0", b"").decode("latin-1")


def from_base64(text: str) -> bytes | None:
    """Return what the base64 *text* (standard or URL alphabet, wrapped or not, padded or not) holds."""
    if not _BASE64_TEXT.fullmatch(text):
        return None
    packed = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if len(packed) < 8:
        return None
    if len(packed) % 4 == 1:
        packed = packed[:-1]
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4))
    except (binascii.Error, ValueError):
        return None


def from_hex(text: str) -> bytes | None:
    """Return what the hexadecimal *text* (wrapped or not) holds; None where it is something else."""
    found = _HEX_TEXT.fullmatch(text.strip())
    if found is None:
        return None
    digits = "".join(found["digits"].split())
    return bytes.fromhex(digits[: len(digits) & ~1])


def is_packed(content: bytes) -> bool:
    """Return whether *content* begins as gzip, zip, bzip2, xz or zlib do."""
    return content.startswith((b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", *_ZLIB))


def packing(content: bytes) -> str:
    """Return what packed *content*, for which ``is_packed`` said yes, is called."""
    if content.startswith(_ZLIB):
        return "zlib"
    return "zip" if content.startswith(b"PK") else "gzip"


def unpack(content: bytes) -> list[bytes]:
    """Return the contents packed in *content*; none where it is broken from the start, or only begins so.

    Raises TooLargeError beyond MAX_UNPACKED bytes.
    """
    if content.startswith(b"PK\x03\x04"):
        return _unzip(content)
    if content.startswith(b"BZh"):
        import bz2

        return _stream(bz2.BZ2Decompressor(), content)
    if content.startswith(b"\xfd7zXZ"):
        import lzma

        return _stream(lzma.LZMADecompressor(memlimit=64 * 1024 * 1024), content)
    import zlib

    if content.startswith(_ZLIB):
        return _stream(zlib.decompressobj(), content)
    return _gunzip(zlib.decompressobj(31), content)


def _gunzip(machine: object, content: bytes) -> list[bytes]:
    import zlib

    try:
        result = machine.decompress(content, MAX_UNPACKED + 1)  # type: ignore[attr-defined]
    except zlib.error:
        try:
            result = zlib.decompressobj(-15).decompress(content[10:], MAX_UNPACKED + 1)
        except zlib.error:
            return []
    return _bounded(result)


def _stream(machine: object, content: bytes) -> list[bytes]:
    try:
        result = machine.decompress(content, MAX_UNPACKED + 1)  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - three libraries, each with errors of its own
        return []
    return _bounded(result)


def _bounded(result: bytes) -> list[bytes]:
    if len(result) > MAX_UNPACKED:
        raise TooLargeError
    return [result]


def _unzip(content: bytes) -> list[bytes]:
    import io
    import zipfile

    result: list[bytes] = []
    size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > _MEMBERS:
                raise TooLargeError
            for member in members:
                with archive.open(member) as stream:
                    data = stream.read(MAX_UNPACKED - size + 1)
                size += len(data)
                if size > MAX_UNPACKED:
                    raise TooLargeError
                result.append(data)
    except TooLargeError:
        raise
    except Exception:  # noqa: BLE001 - a broken archive fails in a dozen ways
        return result
    return result
