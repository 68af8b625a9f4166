"""The characters of Go's regular expressions: classes by name, and those that ignore case."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from typing import NamedTuple

Ranges = tuple[tuple[int, int], ...]
"""First and last code point of each range, in order, with a gap between any two."""
LAST = 0x10FFFF
ALL: Ranges = ((0, LAST),)
_DIGITS, _UPPER, _LOWER = (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)
_WORD: Ranges = (_DIGITS, _UPPER, (0x5F, 0x5F), _LOWER)
PERL: dict[str, Ranges] = {"d": (_DIGITS,), "s": ((9, 10), (12, 13), (32, 32)), "w": _WORD}
POSIX: dict[str, Ranges] = {
    "alnum": (_DIGITS, _UPPER, _LOWER),
    "alpha": (_UPPER, _LOWER),
    "ascii": ((0, 0x7F),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 0x1F), (0x7F, 0x7F)),
    "digit": (_DIGITS,),
    "graph": ((0x21, 0x7E),),
    "lower": (_LOWER,),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((9, 13), (32, 32)),
    "upper": (_UPPER,),
    "word": _WORD,
    "xdigit": (_DIGITS, (0x41, 0x46), (0x61, 0x66)),
}
CATEGORIES = frozenset(
    "Cc Cf Co L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs".split()  # noqa: SIM905
)
"""Those that mean the same to every Go; C, Cn and longer names do not."""
_ALSO = {0x4B: 0x212A, 0x6B: 0x212A, 0x53: 0x17F, 0x73: 0x17F}
"""The Kelvin sign and the long s, which Go takes for k and s where case is ignored."""
_LONGEST_FOLDED = 200


class GoRegexError(ValueError):
    """A pattern that Go refuses, or that is not understood here; ``reason`` says why."""

    def __init__(self, reason: str, *, is_refused: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_refused = is_refused
        """Whether Go refuses it: sops fails on it then."""


class Chars(NamedTuple):
    """One character of a class."""

    ranges: Ranges
    categories: tuple[tuple[str, bool], ...] = ()
    """Unicode categories that are of the class as well; each with whether it is all but those."""
    is_negated: bool = False

    def has(self, code: int) -> bool:
        """Return whether the class has the character with *code*."""
        at = bisect_right(self.ranges, (code, LAST)) - 1
        found = at >= 0 and code <= self.ranges[at][1]
        if not found and self.categories:
            category = unicodedata.category(chr(code))
            found = any(category.startswith(name) != other for name, other in self.categories)
        return found != self.is_negated


def folded(low: int, high: int) -> list[tuple[int, int]]:
    """Return the characters from *low* to *high*, and those of the other case."""
    found = [(low, high)]
    if low <= 0x41 and high > 0x1E943:
        return found
    if high > 0x7F and (
        high - max(low, 0x80) > _LONGEST_FOLDED
        or any(_has_case(c) for c in range(max(low, 0x80), high + 1))
    ):
        raise GoRegexError("it ignores the case of letters outside ASCII", is_refused=False)
    for code in range(max(low, 0x41), min(high, 0x7A) + 1):
        if chr(code).isalpha():
            found.append((code ^ 0x20, code ^ 0x20))
            if code in _ALSO:
                found.append((_ALSO[code], _ALSO[code]))
    return found


def _has_case(code: int) -> bool:
    char = chr(code)
    return not char.lower() == char.upper() == char.casefold() == char


def merged(ranges: list[tuple[int, int]]) -> Ranges:
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)


def others(ranges: Ranges) -> Ranges:
    edges = [-1, *(edge for pair in ranges for edge in pair), LAST + 1]
    gaps = [(edges[i] + 1, edges[i + 1] - 1) for i in range(0, len(edges), 2)]
    return tuple((low, high) for low, high in gaps if low <= high)
