"""Bytes to text, and back out of base64 and hexadecimal. All of it bounded."""

from __future__ import annotations

import base64
import binascii
import re

MAX_UNPACKED = 8 * 1024 * 1024
"""Bytes that one packed piece may grow to: Kubernetes takes no Secret over 1 MiB, Flux no file over 5."""

_BASE64_TEXT = re.compile(r"[A-Za-z0-9+/_= \t\r\n-]+")
_HEX_TEXT = re.compile(r"(?:0[xX])?(?P<digits>[0-9a-fA-F\s]{16,})")
_QUOTE = re.compile(rb"&(?:quot|apos|#(?:34|39|x2[27]));")
_ENTITIES = {"quot": '"', "#34": '"', "#x22": '"', "apos": "'", "#39": "'", "#x27": "'"}
_ENTITY = re.compile(f"&(?P<name>{'|'.join(_ENTITIES)});")
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_TEXTUAL = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100)) + b"\0\t\n\r\x1b"
_STRING = re.compile(rb"[\t\n\r\x20-\x7e]{12,}")
_BYTES_OF_TEXT = re.compile(rb"[\t\x20-\x7e]{12}")
"""Letters of 8 bits side by side: in a Latin text of 16 or 32 bits there are none."""
_BEFORE = bytes(range(9))
"""The upper bytes, in 16 bits, of all before U+0900."""
_NULS = b"\0" * 12
"""What a Latin text of 16 bits has, of each second byte: either the even ones of a content or the odd ones."""


class TooLargeError(Exception):
    """A packed piece grows beyond MAX_UNPACKED."""


def textual(content: bytes) -> bytes:
    """Return what of *content* could be text: all of it, or the strings in a program or an image.

    An archive that is not compressed is text with NULs, and stays whole.
    """
    if b"\0" not in content:
        return content
    if _behind_mark(content) is not None:
        return content
    middle = len(content) // 2
    sample = content[:32768] + content[middle : middle + 32768]
    if len(sample.translate(None, _TEXTUAL)) * 30 <= len(sample):
        return content
    return b"\n".join(_STRING.findall(content))


def _behind_mark(content: bytes) -> str | None:
    """Return the text behind the byte order mark of 16 or 32 bits, in any language; None where there is none."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            end = len(content) - len(content) % (len(mark))
            try:
                return content[len(mark) : end].decode(encoding)
            except UnicodeDecodeError:
                continue
    return None


_DOUBLED = ((b'auths""', '""'), (b'auths`"', '`"'))
"""The end of the key of a docker config in a string of C#, a field of CSV and a string of PowerShell, and the quote in it."""


def has_readings(content: bytes) -> bool:
    """Return whether ``readings`` may see *content*, a text of 8 bits, as more than one text, or as another one."""
    return (
        b"\0" in content
        or (b"&" in content and _QUOTE.search(content) is not None)
        or any(mark in content for mark, _ in _DOUBLED)
    )


def readings(content: bytes) -> tuple[str, ...]:
    """Return the texts that *content* is to whoever may read it: one, unless it has NULs, a mark of 16 or 32 bits or quotes of another language.

    Whatever the first bytes say, a shell and a person read the letters of 8 bits that follow. A NUL is nothing
    to some programs, and to others it ends a line. Text of 16 bits may begin behind any number of bytes, as
    where it was appended. What stands in XML is read with its quotes.
    """
    texts = _as_bytes_say(content)
    for mark, quote in _DOUBLED:
        if mark in content:
            texts += tuple(text.replace(quote, '"') for text in texts)
    if b"&" not in content:
        return texts
    unescaped = (_ENTITY.sub(lambda m: _ENTITIES[m["name"]], text) for text in texts)
    return texts + tuple(new for new, text in zip(unescaped, texts, strict=True) if new != text)


def _as_bytes_say(content: bytes) -> tuple[str, ...]:
    whole = textual(content)
    texts: tuple[str, ...] = (decode(whole),)
    if b"\0" not in whole and not whole.startswith((b"\xff\xfe", b"\xfe\xff")):
        return texts
    letters = _without_nuls(whole)
    if letters != texts[0] and _is_shifted(whole, texts[0]):
        texts += (letters,)
    if not _BYTES_OF_TEXT.search(whole):
        return texts
    mark = next((mark for mark, _ in _MARKS if whole.startswith(mark)), b"")
    return (*texts, whole[len(mark) :].replace(b"\0", b"\n").decode("latin-1"))


def _is_shifted(content: bytes, text: str) -> bool:
    """Return whether a part of *content*, decoded to *text*, may be of 16 bits that begin between two letters of *text*."""
    if len(content) % 2:
        return True
    if content.startswith(b"\xff\xfe"):
        # Whole texts of many languages are written so. They have no reason to be looked at twice.
        return _NULS in content[::2]
    if _NULS in content[::2] and _NULS in content[1::2]:
        return True
    # A letter or the end of a line makes such a character with the first letter of a text that begins behind it.
    # A pattern for them would cost every start of the guard five milliseconds.
    return bool(text.encode("utf-16-le", "surrogatepass")[1::2].translate(None, _BEFORE))


def decode(content: bytes) -> str:
    """Return *content* as text: by its byte order mark, else by where its NULs are, else UTF-8.

    What is none of them is read as Latin-1, so that no byte is lost.
    """
    marked = _behind_mark(content)
    if marked is not None:
        return marked
    if content.startswith(b"\xef\xbb\xbf"):
        try:
            return content[3:].decode()
        except UnicodeDecodeError:
            pass
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
    return _without_nuls(content)


def _without_nuls(content: bytes) -> str:
    """Return the letters of *content*, of 8 bits and of more together, without the mark that any part may begin with."""
    for nothing in (b"\xff\xfe", b"\xfe\xff", b"\0"):
        content = content.replace(nothing, b"")
    return content.decode("latin-1")


def from_base64(text: str, *, shortest: int = 8) -> bytes | None:
    """Return what the base64 *text* (standard or URL alphabet, wrapped or not, padded or not) holds.

    None for what is none, or has fewer than *shortest* characters beside its padding.
    """
    if not _BASE64_TEXT.fullmatch(text):
        return None
    packed = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if len(packed) < shortest:
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
