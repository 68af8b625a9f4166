"""Base64 and hexadecimal: whether what is encoded in a content could hold a finding. Nothing is parsed.

Loaded by ``runs.py`` when a content has a run of either.
"""

from __future__ import annotations

import base64
import binascii
import re
from itertools import product

from gitops_secrets.core.guard.filter import hexadecimal
from gitops_secrets.core.guard.filter.prefilter import may_any_hold
from gitops_secrets.core.guard.filter.runs import IS_BASE64, RUN, squeeze
from gitops_secrets.core.guard.filter.words import finder
from gitops_secrets.core.guard.read.formats import BEGINNINGS
from gitops_secrets.core.guard.read.keyrings import base64_beginnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKED_BASE64 = (b"H4sI", b"UEsDB", b"QlpoO", b"/Td6W", b"SDRzS", b"VUVzRE", b"_Td6W")


def fragments(word: bytes) -> tuple[bytes, ...]:
    """Return what base64 makes of *word* at each of its three alignments, less the unstable ends."""
    found = []
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + word + b"\0\0")
        begin = -(-shift * 8 // 6)
        end = (shift + len(word)) * 8 // 6
        found.append(encoded[begin:end])
    return tuple(found)


_ONCE = {
    word: fragments(word)
    for word in (
        *(bytes(spelled) for spelled in product(*zip(b"auth", b"AUTH", strict=True))),
        b"assword",
        b"ASSWORD",
        b"login",
        b"SECRET-KEY-1",
        b"IVATE KEY",
        b"creds",
        b"PLUGIN-",
        b"ustar",
    )
}
ENCODED = tuple(f for parts in _ONCE.values() for f in parts)
"""Any of these in a base64 run makes it worth decoding."""
_has_encoded = finder(*_PACKED_BASE64, *ENCODED, b"ustar".hex().encode())
_may_have_address = finder(*fragments(b"://"))
_WITH_PASSWORD = re.compile(rb"://[^/@:\n]*+:[^/@\n]*@")


def _zlib_beginnings() -> Iterator[bytes]:
    """Yield what base64 makes of how zlib begins, with any level and window: three letters."""
    for first in range(0x08, 0x80, 0x10):
        for second in range(-(first << 8) % 31, 256, 31):
            if not second & 0x20:
                yield from _in_base64(bytes((first, second)))


def _in_base64(begin: bytes) -> list[bytes]:
    """Return the three letters that base64 of what begins with *begin* may begin with."""
    if len(begin) > 2:
        return [binascii.b2a_base64(begin)[:3]]
    return [binascii.b2a_base64(begin + bytes((third,)))[:3] for third in range(0, 256, 64)]


_OTHERS = (b"#!/", b"hsqs", b"\x60\xea")
"""How scripts, squashfs and arj begin."""
_BEGINNINGS = frozenset(
    (
        *base64_beginnings(),
        *_zlib_beginnings(),
        *(letters for begin in (*BEGINNINGS, *_OTHERS) for letters in _in_base64(begin)),
    )
)
"""How base64 of something packed, or of a key ring, begins."""
_PACKED_HEX = re.compile(rb"(?i)1f8b08|504b0304|425a683|fd377a585a|78(?:9c|01|5e|da)|28b52ffd")
_HEX_FIRST = frozenset(b"15472Ff"[i : i + 1] for i in range(7))
_LEAST = 24
"""Within a run of base64 the letters of its beginning say nothing; behind an equals sign another begins."""
_INNER_RUN = b"a" * 24
_BASE64_TEXT = re.compile(
    rb"(?:[K-Za-e][C-HS-Xi-ny-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][\w+/-]){8}"
)
"""Base64 of 24 characters that may be base64 themselves, wherever in its run the outer one begins."""
_IS_FIRST = bytes(97 if c in b"KLMNOPQRSTUVWXYZabcde" else 32 for c in range(256))
_FIRSTS = b"a" * 8
"""Each fourth character of the above, marked."""
_WIDE = re.compile(
    rb"A[C-H][AEIMQUYcgkosw048]A[I-Za-f][AQgw][AB][\w+/-]"
    rb"(?:A[C-H][AEIMQUYcgkosw048]A[I-Za-f][AQgw][AB][\w+/-]){2}"
    rb"|AAAA[I-Za-f][AQgw]AAA[C-H][AEIMQUYcgkosw048]AAA[AB]"
)
"""Base64 of ASCII in 16 or 32 bits, of either order. Begins with A in each case, so that few places are tried."""
_LONG_RUN = re.compile(rb"[\w+/-]{32,}")
_AGE_FILE = re.compile(
    rb"-----BEGIN AGE ENCRYPTED FILE-----(?:\s|\\n)+YWdlLWVuY3J5cHRpb24ub3JnL3Yx[A-Za-z0-9+/=\s\\]{0,100000}"
)
_COMMENTED_LINE = re.compile(rb"\n[ \t]*[#>*/-]")
_LONGEST_END = 200
_LINE_START = re.compile(rb"\n[ \t#>*/-]+")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def is_worth_it(content: bytes, packed: bytes) -> bool:
    """Return whether the runs of base64 and hexadecimal in *content*, squeezed to *packed*, could hold a finding."""
    if _holds_encoded(packed) or _begins_packed(content) or _WIDE.search(content):
        return True
    if _is_encoded_again(content):
        return True
    return _goes_on_commented(content) and _holds_encoded(squeeze(_LINE_START.sub(b"", content)))


def _holds_encoded(packed: bytes) -> bool:
    return (
        _has_encoded(packed)
        or (_may_have_address(packed) and _has_password(packed))
        or may_any_hold(list(hexadecimal.texts(packed)))
    )


def _has_password(packed: bytes) -> bool:
    """Return whether base64 of an address with a password stands in *packed*. Most addresses have none."""
    for match in _LONG_RUN.finditer(packed):
        run = match.group()
        if _may_have_address(run) and any(map(_WITH_PASSWORD.search, _decoded(run))):
            return True
    return False


def _decoded(run: bytes) -> Iterator[bytes]:
    """Yield what *run* holds, by each of the letters with which its base64 may begin: a word may stand ahead of it."""
    run = run.translate(_STANDARD)
    for begin in range(4):
        yield binascii.a2b_base64(run[begin:] + b"A" * (-(len(run) - begin) % 4))


def _begins_packed(content: bytes) -> bool:
    """Return whether a run of base64 or hexadecimal in *content* begins as something packed does."""
    marks = content.translate(IS_BASE64)
    at = marks.find(RUN)
    while at >= 0:
        end = marks.find(b" ", at + len(RUN))
        end = end if end >= 0 else len(content)
        begin = at + (content[at - 1 : at] == b"\\")
        if _is_packed_at(content, begin):
            return True
        sign = content.find(b"=", begin, end - _LEAST)
        while sign >= 0:
            if _is_packed_at(content, sign + 1):
                return True
            sign = content.find(b"=", sign + 1, end - _LEAST)
        at = marks.find(RUN, end)
    return False


def _is_packed_at(content: bytes, at: int) -> bool:
    return content[at : at + 3] in _BEGINNINGS or (
        content[at : at + 1] in _HEX_FIRST and _PACKED_HEX.match(content, at) is not None
    )


def _goes_on_commented(content: bytes) -> bool:
    """Return whether base64 goes on in the next line, behind what comments it out."""
    for match in _COMMENTED_LINE.finditer(content):
        at = match.start()
        before = content[max(0, at - _LONGEST_END) : at]
        end = before.rstrip(b" \t\\\r")[-12:]
        if end.translate(IS_BASE64) == RUN[:12] or (len(end) < 12 and len(before) == _LONGEST_END):
            return True
    return False


def _is_encoded_again(content: bytes) -> bool:
    """Return whether some base64 in *content* holds base64, as a wrapped age key does by its nature."""
    if b"BEGIN AGE ENCRYPTED FILE" in content:
        content = _AGE_FILE.sub(b"", content)
    marks = content.translate(_IS_FIRST)
    if not any(_FIRSTS in marks[shift::4] for shift in range(4)):
        return False
    marks = content.translate(IS_BASE64)
    at = marks.find(RUN)
    while at >= 0:
        end = marks.find(b" ", at)
        around = content[at : end if end >= 0 else len(content)]
        if _BASE64_TEXT.search(around) and _decodes_to_base64(around):
            return True
        at = marks.find(RUN, end) if end >= 0 else -1
    return False


def _decodes_to_base64(content: bytes) -> bool:
    return any(
        _INNER_RUN in inner.translate(IS_BASE64)
        for match in _LONG_RUN.finditer(content)
        for inner in _decoded(match.group())
    )
