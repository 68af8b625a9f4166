"""How each packed format begins: whether a content is one, which, and whether it is unpacked here."""

from __future__ import annotations

import re

_MAGIC = (
    ("gzip", b"\x1f\x8b"), ("zip", b"PK\x03\x04"), ("bzip2", b"BZh"), ("xz", b"\xfd7zXZ"), ("lzma", b"]\0\0"),
    ("ar", b"!<arch>\n"), ("zstd", b"\x28\xb5\x2f\xfd"), ("lz4", b"\x04\x22\x4d\x18"), ("lz4", b"\x02\x21\x4c\x18"),
    ("7z", b"7z\xbc\xaf\x27\x1c"), ("rar", b"Rar!\x1a\x07"), ("lzip", b"LZIP\x01"), ("lzop", b"\x89LZO\0"),
    ("lrzip", b"LRZI\0"), ("snappy", b"\xff\x06\0\0sNaPpY"), ("compress", b"\x1f\x9d"), ("pack", b"\x1f\x1e"),
    ("lzh", b"\x1f\xa0"), ("cab", b"MSCF\0\0\0\0"), ("rpm", b"\xed\xab\xee\xdb"), ("xar", b"xar!\0"),
    ("wim", b"MSWIM\0\0\0"), ("cramfs", b"\x45\x3d\xcd\x28"), ("zpaq", b"7kSt\xa0\x31"),
    *(("zstd", bytes((n,)) + b"\xb5\x2f\xfd") for n in range(0x22, 0x28)),
    *(("zstd", bytes((n,)) + b"\x2a\x4d\x18") for n in range(0x50, 0x60)),
)  # fmt: skip
"""The formats by name. What zstd and lz4 skip has one of zstd's; so has zstd before its format was fixed."""
BEGINNINGS = tuple(begin for _, begin in _MAGIC)
_SHAPE = re.compile(
    rb"(?s)(?P<squashfs>hsqs.{24}[\1-\4]\0)|(?P<arj>\x60\xea.[\0-\x0a][\x1e-\x30])"
    rb"|(?P<lzh>..-(?:lh[0-9d]|lz[s45]|pm[012])-.{13}[\0-\3])|(?P<ace>.{7}\*\*ACE\*\*)"
)
"""Those that begin with too few bytes of their own."""
UNREADABLE = frozenset({*dict(_MAGIC), *_SHAPE.groupindex}) - {
    "gzip",
    "zip",
    "bzip2",
    "xz",
    "lzma",
    "ar",
    "rpm",
}
"""What Python cannot unpack."""
SCRIPT = "script"
"""A text with something packed behind it, which it may unpack when it is run."""
_BEHIND_TEXT = (
    b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07",
    *(b"BZh%d1AY&SY" % level for level in range(1, 10)),
)  # fmt: skip
_LZMA_BEHIND_TEXT = re.compile(rb"(?s)\]\0\0..(?:\xff{8}|.{5}\0{3})\0")
"""The header of a file of lzma, with a length of less than a tebibyte or none, and the zero that its data begin with."""
_ZLIB_BEHIND_TEXT = re.compile(rb"(?s)(?=[\x08\x18(8HXhx].)")
_LONGEST_AS_TEXT = 256
"""Bytes of zlib within which one is no text."""
_TRIED = 4096
_INFLATED = 12
_NO_TEXT = re.compile(rb"[^\t\n\f\r\x1b\x20-\xff]")
_ZLIB_BEGINNINGS = frozenset(bytes((n,)) for n in range(0x08, 0x80, 0x10))
_ZIP_END = 66_000
"""Bytes from the end of a zip file in which its end record stands."""
_TAR_HEADER = 512
_TAR_SUM = re.compile(rb"[ 0]*[0-7]{3,6}[\0 ]{1,2}")


def is_packed(content: bytes) -> bool:
    """Return whether *content* begins, or ends, as something packed does."""
    return _begins_as(content) is not None or _ends_as_zip(content) or behind_text(content) > 0


def packings(content: bytes) -> list[str]:
    """Return what *content* is packed as: none, one, or several that different programs take it for.

    Of those that are also UNREADABLE no member can be unpacked.
    """
    first = _begins_as(content)
    found = [first] if first else []
    if first != "zip" and _ends_as_zip(content, exactly=first is not None):
        found.append("zip")
    if first is None and behind_text(content):
        found.append(SCRIPT)
    return found


def _begins_as(content: bytes) -> str | None:
    if content.startswith(BEGINNINGS):
        return next(name for name, begin in _MAGIC if content.startswith(begin))
    if is_tar(content):
        return "tar"
    if content[:1] in _ZLIB_BEGINNINGS and begins_as_zlib(content):
        return "zlib"
    shape = _SHAPE.match(content)
    return shape and shape.lastgroup


def _ends_as_zip(content: bytes, *, exactly: bool = False) -> bool:
    """Return whether a zip file may end in *content*, or else *exactly* where that does."""
    at = content.rfind(b"PK\5\6", max(0, len(content) - _ZIP_END))
    if not exactly or at < 0:
        return at >= 0
    return at + 22 + int.from_bytes(content[at + 20 : at + 22], "little") == len(content)


def behind_text(content: bytes) -> int:
    """Return where in *content*, of which the beginning is text, something packed begins; 0 if nothing does.

    The last place is the right one: a text may well say how such a thing begins.
    """
    if content.isascii():
        return 0
    try:
        content.decode()
    except UnicodeDecodeError:
        found = _NO_TEXT.search(content)
        text_end = found.start() if found else len(content)
        end = text_end + max(map(len, _BEHIND_TEXT))
        at = max(content.rfind(begin, 1, end) for begin in _BEHIND_TEXT)
        return at if at > 0 else _alone_behind_text(content, text_end)
    return 0


def _alone_behind_text(content: bytes, end: int) -> int:
    """Return where in *content*, of which the first *end* bytes are text, zlib or lzma begins; 0 if neither does.

    Both begin with letters of a text, so what follows has to be right as well.
    """
    if end > 1 and _LZMA_BEHIND_TEXT.match(content, end - 1):
        return end - 1
    first = max(1, end - _LONGEST_AS_TEXT)
    for match in _ZLIB_BEHIND_TEXT.finditer(content, first, end + 2):
        begin = match.start()
        if begins_as_zlib(content[begin : begin + _TRIED]) and _inflates(content, begin):
            return begin
    return 0


def _inflates(content: bytes, at: int) -> bool:
    """Return whether the zlib that may begin at *at* of *content* has something in it, and no fault where it begins."""
    import zlib

    try:
        found = zlib.decompressobj().decompress(content[at : at + _TRIED], _TRIED)
    except zlib.error:
        return False
    return len(found) >= _INFLATED


def begins_as_zlib(content: bytes) -> bool:
    """Return whether the two bytes that zlib begins with, of any level and window, are those of *content*."""
    if len(content) < 8 or content[0] & 0x8F != 0x08 or content[1] & 0x20:
        return False
    return (content[0] << 8 | content[1]) % 31 == 0 and content[2] & 6 != 6


def is_tar(content: bytes) -> bool:
    """Return whether *content* begins with the header of a tar archive's member, of any age."""
    if len(content) < _TAR_HEADER or not _TAR_SUM.fullmatch(content, 148, 156):
        return False
    header = content[:_TAR_HEADER]
    return int(header[148:156].strip(b" \0"), 8) == sum(header) - sum(header[148:156]) + 8 * 0x20
