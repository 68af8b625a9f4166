"""The syntax of Go's regular expressions (RE2), read as ``regexp.Compile`` reads it.

A pattern becomes a tree of ``Node``. What Go refuses is refused; what Go takes and is not read here
(scripts, letters outside ASCII that ignore case) raises as well, so that no pattern is read as another.
"""

from __future__ import annotations

from typing import NamedTuple

from gitops_secrets.core.goregex.chars import (
    ALL,
    CATEGORIES,
    LAST,
    PERL,
    POSIX,
    Chars,
    GoRegexError,
    Ranges,
    folded,
    merged,
    others,
)
from gitops_secrets.core.goregex.tree import Assertion, Choice, Node, Repeat, Sequence, may_repeat

MAX_PATTERN = 2000
"""Characters; no hand writes a longer pattern, and a hostile one must not cost more."""

_MAX_REPEAT = 1000
_MAX_NESTING = 60
_ESCAPES = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


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
        """Return the next character; *missing* is the reason if there is none."""
        if self.at >= len(self.text):
            raise _refused(missing)
        self.at += 1
        return self.text[self.at - 1]

    def alternatives(self, depth: int) -> Node:
        """Read up to the closing parenthesis that ends the group, or to the end."""
        if depth > _MAX_NESTING:
            raise GoRegexError(f"it nests more than {_MAX_NESTING} groups deep", is_refused=False)
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
        if is_counted and max(least, most or 0) >= 2 and not may_repeat(node, _MAX_REPEAT):
            raise _refused(f"repeats within repeats count to more than {_MAX_REPEAT}")
        parts[-1] = node

    def _atom(self) -> Node:
        char = self.next("")
        if char == "^":
            return Assertion("^" if self.flags.m else "A")
        if char == "$":
            return Assertion("$" if self.flags.m else "z")
        if char == ".":
            return Chars(ALL if self.flags.s else ((0, 9), (11, LAST)))
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
        return Chars(merged(self._both_cases(code, code)))

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
            if self.text.startswith("-", self.at) and self.text[self.at + 1 : self.at + 2] not in (
                "]",
                "",
            ):
                self.at += 1
                high = self._class_char()
            if high < low:
                raise _refused("a range of a class runs downwards")
            ranges += self._both_cases(low, high)
        return Chars(merged(ranges), tuple(categories), is_negated)

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
        if name.removeprefix("^") not in POSIX:
            raise _refused("a class has a name that Go does not have")
        self.at = end + 2
        return self._known(POSIX[name.removeprefix("^")], is_negated=name.startswith("^"))

    def _group_escape(self) -> Chars | None:
        """Read what stands for a class behind a backslash, if it does."""
        char = self.text[self.at : self.at + 1]
        if char and char in "dswDSW":
            self.at += 1
            return self._known(PERL[char.lower()], is_negated=char.isupper())
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
            return Chars(() if is_negated else ALL)
        if name not in CATEGORIES or self.flags.i:
            raise GoRegexError("it names a Unicode class that is not read here", is_refused=False)
        return Chars((), ((name, is_negated),))

    def _both_cases(self, low: int, high: int) -> list[tuple[int, int]]:
        return folded(low, high) if self.flags.i else [(low, high)]

    def _known(self, known: Ranges, *, is_negated: bool) -> Chars:
        ranges = merged([r for low, high in known for r in self._both_cases(low, high)])
        return Chars(others(ranges) if is_negated else ranges)

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
        if code > LAST:
            raise _refused("it names a character that there is not")
        return code


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")
