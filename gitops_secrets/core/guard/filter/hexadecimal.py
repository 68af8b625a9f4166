"""Text in hexadecimal. Sums, commits and keys are hexadecimal too: what holds no text is told from it without decoding."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS = b"0123456789abcdefABCDEF"
_IS_DIGIT = bytes(97 if c in _DIGITS else 32 for c in range(256))
_IS_FIRST = bytes(97 if c in b"0234567" else 32 for c in range(256))
"""The first digit of a letter, a sign, a tab or a line end, marked."""
_SHORTEST = 40
"""Digits of a run that is looked at: an address with a password has as many."""
_LETTERS = 16
"""In so many bytes that are text side by side, a sum is none."""
_STRIDE = 4
_SAMPLE = b"a" * (_SHORTEST // _STRIDE)
_RUN = re.compile(rb"[0-9a-fA-F]{%d,}" % _SHORTEST)
_TEXT = re.compile(rb"(?:[2-7][0-9a-fA-F]|0[9aAdD]){%d}" % _LETTERS)


def texts(packed: bytes) -> Iterator[bytes]:
    """Yield what each run of hexadecimal in *packed*, a squeezed content, holds, if a part of that is text.

    The letters of a word may be taken for the first digits of a run that follows them.
    """
    # Each fourth byte of a run is a digit as well, and is looked at in a third of the time.
    if _SAMPLE not in packed[::_STRIDE].translate(_IS_DIGIT):
        return
    marks = packed.translate(_IS_FIRST)
    if not any(b"a" * _LETTERS in marks[parity::2] for parity in range(2)):
        return
    for run in _RUN.finditer(packed):
        text = _TEXT.search(packed, *run.span())
        if text is not None:
            begin = run.start() + (text.start() - run.start()) % 2
            end = run.end() - (run.end() - begin) % 2
            yield bytes.fromhex(packed[begin:end].decode())
