"""The characters of a pattern: single ones, escapes and classes, with the flags in force."""

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

_ESCAPES = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


def refused(reason: str) -> GoRegexError:
    """Return the error for what Go refuses, too."""
    return GoRegexError(reason, is_refused=True)


class Flags(NamedTuple):
    """What ``(?imsU)`` sets."""

    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False


class Characters:
    """Reads one pattern, character by character."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.flags = Flags()

    def takes(self, word: str) -> bool:
        """Return whether *word* comes next, and go on behind it if so."""
        if not self.text.startswith(word, self.at):
            return False
        self.at += len(word)
        return True

    def next(self, missing: str) -> str:
        """Return the next character; *missing* is the reason if there is none."""
        if self.at >= len(self.text):
            raise refused(missing)
        self.at += 1
        return self.text[self.at - 1]

    def literal(self, code: int) -> Chars:
        """Return what matches the character *code*, in both cases if the flags say so."""
        return Chars(merged(self._both_cases(code, code)))

    def char_class(self) -> Chars:
        """Read a class, whose opening bracket was read."""
        is_negated = self.takes("^")
        ranges: list[tuple[int, int]] = []
        categories: list[tuple[str, bool]] = []
        first = True
        while first or not self.takes("]"):
            first = False
            group = self._posix()
            if group is None and self.takes("\\"):
                group = self.group_escape()
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
                raise refused("a range of a class runs downwards")
            ranges += self._both_cases(low, high)
        return Chars(merged(ranges), tuple(categories), is_negated)

    def _class_char(self) -> int:
        char = self.next("a class is not closed")
        return self.escape() if char == "\\" else ord(char)

    def _posix(self) -> Chars | None:
        if not self.text.startswith("[:", self.at):
            return None
        end = self.text.find(":]", self.at + 2)
        if end < 0:
            return None
        name = self.text[self.at + 2 : end]
        if name.removeprefix("^") not in POSIX:
            raise refused("a class has a name that Go does not have")
        self.at = end + 2
        return self._known(POSIX[name.removeprefix("^")], is_negated=name.startswith("^"))

    def group_escape(self) -> Chars | None:
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
                raise refused("the name of a Unicode class does not end")
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

    def escape(self) -> int:
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
        raise refused("it has an escape that Go does not have")

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
            raise refused("it has an escape that Go does not have")
        code = int(digits, 16)
        if code > LAST:
            raise refused("it names a character that there is not")
        return code
