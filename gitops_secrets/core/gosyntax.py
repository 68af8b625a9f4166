"""The syntax of Go's regular expressions (RE2), read as ``regexp.Compile`` reads it.

A pattern becomes a tree of ``Node``. What Go refuses is refused; what Go takes and is not read here
(scripts, letters outside ASCII that ignore case) raises as well, so that no pattern is read as another.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from typing import NamedTuple

Ranges = tuple[tuple[int, int], ...]
"""First and last code point of each range, in order, with a gap between any two."""
MAX_PATTERN = 2000
"""Characters; no hand writes a longer pattern, and a hostile one must not cost more."""

_MAX_REPEAT = 1000
_MAX_NESTING = 60
_LAST = 0x10FFFF
_ALL: Ranges = ((0, _LAST),)
_DIGITS, _UPPER, _LOWER = (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)
_WORD: Ranges = (_DIGITS, _UPPER, (0x5F, 0x5F), _LOWER)
_PERL: dict[str, Ranges] = {"d": (_DIGITS,), "s": ((9, 10), (12, 13), (32, 32)), "w": _WORD}
_POSIX: dict[str, Ranges] = {
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
_CATEGORIES = frozenset(
    "Cc Cf Co L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs".split()  # noqa: SIM905
)
"""Those that mean the same to every Go; C, Cn and longer names do not."""
_ESCAPES = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
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
        at = bisect_right(self.ranges, (code, _LAST)) - 1
        found = at >= 0 and code <= self.ranges[at][1]
        if not found and self.categories:
            category = unicodedata.category(chr(code))
            found = any(category.startswith(name) != other for name, other in self.categories)
        return found != self.is_negated


class Assertion(NamedTuple):
    """A place between characters: one of ``^``, ``$`` (by line), ``A``, ``z``, ``b``, ``B``."""

    kind: str


class Sequence(NamedTuple):
    """One part after the other."""

    parts: tuple[Node, ...]


class Choice(NamedTuple):
    """Any of the parts."""

    parts: tuple[Node, ...]


class Repeat(NamedTuple):
    """A part, *least* to *most* times; *most* is None without a bound."""

    part: Node
    least: int
    most: int | None
    is_counted: bool
    """Whether it is written with numbers in braces."""


Node = Chars | Assertion | Sequence | Choice | Repeat


def read_pattern(pattern: str) -> Node:
    """Return the tree of *pattern*. Raises GoRegexError for what is no pattern, or none that is read here."""
    if len(pattern) > MAX_PATTERN:
        raise GoRegexError(f"it is longer than {MAX_PATTERN} characters", is_refused=False)
    reader = _Reader(pattern)
    tree = reader.alternatives(0)
    if reader.at < len(pattern):
        raise _refused("a closing parenthesis has no opening one")
    return tree


def _refused(reason: str) -> GoRegexError:
    return GoRegexError(reason, is_refused=True)


class _Flags(NamedTuple):
    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False


class _Reader:
    """Reads one pattern from its beginning to its end."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.flags = _Flags()

    def takes(self, word: str) -> bool:
        """Return whether *word* comes next, and go on behind it if so."""
        if not self.text.startswith(word, self.at):
            return False
        self.at += len(word)
        return True

    def next(self, missing: str) -> str:
        """Return the next character; *missing* is the reason where there is none."""
        if self.at >= len(self.text):
            raise _refused(missing)
        self.at += 1
        return self.text[self.at - 1]

    def alternatives(self, depth: int) -> Node:
        """Read up to the closing parenthesis that ends the group, or to the end."""
        if depth > _MAX_NESTING:
            raise GoRegexError(
                f"it nests more than {_MAX_NESTING} groups deep", is_refused=False
            )
        branches: list[Node] = []
        parts: list[Node] = []
        after_repeat = False
        while self.at < len(self.text) and self.text[self.at] != ")":
            repeated = self._repeat()
            if repeated is not None:
                self._apply(repeated, parts, after_repeat=after_repeat)
                after_repeat = True
                continue
            after_repeat = False
            if self.takes("|"):
                branches.append(Sequence(tuple(parts)))
                parts = []
            elif self.takes("("):
                self._group(parts, depth)
            elif self.takes(r"\Q"):
                literal, _, _ = self.text[self.at :].partition(r"\E")
                self.at = min(self.at + len(literal) + 2, len(self.text))
                parts.extend(self._literal(ord(c)) for c in literal)
            else:
                parts.append(self._atom())
        if not branches:
            return Sequence(tuple(parts))
        return Choice((*branches, Sequence(tuple(parts))))

    def _group(self, parts: list[Node], depth: int) -> None:
        outside = self.flags
        if self.takes("?P<") or self.takes("?<"):
            name, found, _ = self.text[self.at :].partition(">")
            if not found or not name.isascii() or not name.replace("_", "a").isalnum():
                raise _refused("a group has no valid name, or looks behind")
            self.at += len(name) + 1
        elif self.takes("?") and not self._changes_flags():
            return
        inside = self.alternatives(depth + 1)
        if not self.takes(")"):
            raise _refused("a group is not closed")
        self.flags = outside
        parts.append(inside)

    def _changes_flags(self) -> bool:
        """Read the flags behind ``(?``; return whether they begin a group, which then ends their reach."""
        flags, value, seen = self.flags, True, False
        while True:
            char = self.next("a group is not closed")
            if char in "imsU":
                flags, seen = flags._replace(**{char: value}), True
            elif char == "-" and value:
                value = seen = False
            elif char in ":)" and (value or seen):
                self.flags = flags
                return char == ":"
            else:
                raise _refused("a group begins with what Go does not have")

    def _repeat(self) -> tuple[int, int | None, bool] | None:
        """Read a repeat if one comes next, the question mark that makes it lazy included."""
        char = self.text[self.at]
        if char in "*+?":
            self.at += 1
            found = (int(char == "+"), 1 if char == "?" else None, False)
        elif char == "{":
            counted = self._counts()
            if counted is None:
                return None
            found = (*counted, True)
        else:
            return None
        self.takes("?")
        return found

    def _counts(self) -> tuple[int, int | None] | None:
        body, found, _ = self.text[self.at + 1 :].partition("}")
        first, comma, second = body.partition(",")
        if not found or not _is_number(first) or not (not second or _is_number(second)):
            return None
        least = int(first)
        most = int(second) if second else None if comma else least
        if max(least, most or 0) > _MAX_REPEAT or (most is not None and least > most):
            raise _refused(f"a repeat counts to more than {_MAX_REPEAT}, or downwards")
        self.at += len(body) + 2
        return least, most

    def _apply(
        self, repeat: tuple[int, int | None, bool], parts: list[Node], *, after_repeat: bool
    ) -> None:
        if after_repeat:
            raise _refused("a repeat stands behind a repeat")
        if not parts:
            raise _refused("a repeat has nothing to repeat")
        least, most, is_counted = repeat
        node = Repeat(parts[-1], least, most, is_counted)
        if is_counted and max(least, most or 0) >= 2 and not _may_repeat(node, _MAX_REPEAT):
            raise _refused(f"repeats within repeats count to more than {_MAX_REPEAT}")
        parts[-1] = node

    def _atom(self) -> Node:
        char = self.next("")
        if char == "^":
            return Assertion("^" if self.flags.m else "A")
        if char == "$":
            return Assertion("$" if self.flags.m else "z")
        if char == ".":
            return Chars(_ALL if self.flags.s else ((0, 9), (11, _LAST)))
        if char == "[":
            return self._class()
        if char != "\\":
            return self._literal(ord(char))
        following = self.text[self.at : self.at + 1]
        if following and following in "AbBz":
            self.at += 1
            return Assertion(following)
        if following == "C":
            raise _refused(r"\C is a byte")
        group = self._group_escape()
        return group if group is not None else self._literal(self._escape())

    def _literal(self, code: int) -> Chars:
        return Chars(_merged(self._folded(code, code)))

    def _class(self) -> Chars:
        is_negated = self.takes("^")
        ranges: list[tuple[int, int]] = []
        categories: list[tuple[str, bool]] = []
        first = True
        while first or not self.takes("]"):
            first = False
            group = self._posix()
            if group is None and self.takes("\\"):
                group = self._group_escape()
                self.at -= group is None
            if group is not None:
                ranges += group.ranges
                categories += group.categories
                continue
            low = high = self._class_char()
            if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._class_char()
            if high < low:
                raise _refused("a range of a class runs downwards")
            ranges += self._folded(low, high)
        return Chars(_merged(ranges), tuple(categories), is_negated)

    def _class_char(self) -> int:
        char = self.next("a class is not closed")
        return self._escape() if char == "\\" else ord(char)

    def _posix(self) -> Chars | None:
        if not self.text.startswith("[:", self.at):
            return None
        end = self.text.find(":]", self.at + 2)
        if end < 0:
            return None
        name = self.text[self.at + 2 : end]
        if name.removeprefix("^") not in _POSIX:
            raise _refused("a class has a name that Go does not have")
        self.at = end + 2
        return self._known(_POSIX[name.removeprefix("^")], is_negated=name.startswith("^"))

    def _group_escape(self) -> Chars | None:
        """Read what stands for a class behind a backslash, if it does."""
        char = self.text[self.at : self.at + 1]
        if char and char in "dswDSW":
            self.at += 1
            return self._known(_PERL[char.lower()], is_negated=char.isupper())
        if char not in ("p", "P"):
            return None
        self.at += 1
        name = self.next("a Unicode class has no name")
        if name == "{":
            name, found, _ = self.text[self.at :].partition("}")
            if not found:
                raise _refused("the name of a Unicode class does not end")
            self.at += len(name) + 1
        is_negated = (char == "P") != name.startswith("^")
        name = name.removeprefix("^")
        if name == "Any":
            return Chars(() if is_negated else _ALL)
        if name not in _CATEGORIES or self.flags.i:
            raise GoRegexError("it names a Unicode class that is not read here", is_refused=False)
        return Chars((), ((name, is_negated),))

    def _known(self, known: Ranges, *, is_negated: bool) -> Chars:
        ranges = _merged([r for low, high in known for r in self._folded(low, high)])
        return Chars(_others(ranges) if is_negated else ranges)

    def _escape(self) -> int:
        """Read one character behind a backslash."""
        char = self.next("it ends with a backslash")
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char == "x":
            return self._hexadecimal()
        if "0" <= char <= "7":
            digits = char
            while len(digits) < 3 and self.text[self.at : self.at + 1] in tuple("01234567"):
                digits += self.next("")
            if char == "0" or len(digits) > 1:
                return int(digits, 8)
        elif char.isascii() and not char.isalnum():
            return ord(char)
        raise _refused("it has an escape that Go does not have")

    def _hexadecimal(self) -> int:
        if self.takes("{"):
            digits, found, _ = self.text[self.at :].partition("}")
            self.at += len(digits) + 1
        else:
            digits, found = self.text[self.at : self.at + 2], "}"
            self.at += 2
            if len(digits) < 2:
                digits = ""
        if not found or not digits or not all(c in "0123456789abcdefABCDEF" for c in digits):
            raise _refused("it has an escape that Go does not have")
        code = int(digits, 16)
        if code > _LAST:
            raise _refused("it names a character that there is not")
        return code

    def _folded(self, low: int, high: int) -> list[tuple[int, int]]:
        """Return the characters from *low* to *high*, and where case is ignored those of the other case."""
        found = [(low, high)]
        if not self.flags.i or (low <= 0x41 and high > 0x1E943):
            return found
        if high > 0x7F and (high - max(low, 0x80) > _LONGEST_FOLDED or any(_has_case(c) for c in range(max(low, 0x80), high + 1))):
            raise GoRegexError(
                "it ignores the case of letters outside ASCII", is_refused=False
            )
        for code in range(max(low, 0x41), min(high, 0x7A) + 1):
            if chr(code).isalpha():
                found.append((code ^ 0x20, code ^ 0x20))
                if code in _ALSO:
                    found.append((_ALSO[code], _ALSO[code]))
        return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")


def _may_repeat(node: Node, left: int) -> bool:
    """Return whether the counted repeats of *node* multiply to *left* at most, counted as Go counts."""
    if isinstance(node, Repeat):
        if node.is_counted:
            if node.most == 0:
                return True
            count = node.least if node.most is None else node.most
            if count > left:
                return False
            left = left // count if count else left
        return _may_repeat(node.part, left)
    if isinstance(node, Sequence | Choice):
        return all(_may_repeat(part, left) for part in node.parts)
    return True


def _has_case(code: int) -> bool:
    char = chr(code)
    return not char.lower() == char.upper() == char.casefold() == char


def _merged(ranges: list[tuple[int, int]]) -> Ranges:
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)


def _others(ranges: Ranges) -> Ranges:
    edges = [-1, *(edge for pair in ranges for edge in pair), _LAST + 1]
    gaps = [(edges[i] + 1, edges[i + 1] - 1) for i in range(0, len(edges), 2)]
    return tuple((low, high) for low, high in gaps if low <= high)
