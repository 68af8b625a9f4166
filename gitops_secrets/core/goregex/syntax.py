"""The syntax of Go's regular expressions (RE2), read as ``regexp.Compile`` reads it.

A pattern becomes a tree of ``Node``. What Go refuses is refused; what Go takes and is not read here
(scripts, letters outside ASCII that ignore case) raises as well, so that no pattern is read as another.
"""

from __future__ import annotations

from gitops_secrets.core.goregex.characters import Characters, refused
from gitops_secrets.core.goregex.chars import ALL, LAST, Chars, GoRegexError
from gitops_secrets.core.goregex.tree import Assertion, Choice, Node, Repeat, Sequence, may_repeat

MAX_PATTERN = 2000
"""Characters; no hand writes a longer pattern, and a hostile one must not cost more."""

_MAX_REPEAT = 1000
_MAX_NESTING = 60


def read_pattern(pattern: str) -> Node:
    """Return the tree of *pattern*. Raises GoRegexError for what is no pattern, or none that is read here."""
    if len(pattern) > MAX_PATTERN:
        raise GoRegexError(f"it is longer than {MAX_PATTERN} characters", is_refused=False)
    reader = _Reader(pattern)
    tree = reader.alternatives(0)
    if reader.at < len(pattern):
        raise refused("a closing parenthesis has no opening one")
    return tree


class _Reader(Characters):
    """Reads one pattern from its beginning to its end."""

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
                parts.extend(self.literal(ord(c)) for c in literal)
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
                raise refused("a group has no valid name, or looks behind")
            self.at += len(name) + 1
        elif self.takes("?") and not self._changes_flags():
            return
        inside = self.alternatives(depth + 1)
        if not self.takes(")"):
            raise refused("a group is not closed")
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
                raise refused("a group begins with what Go does not have")

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
            raise refused(f"a repeat counts to more than {_MAX_REPEAT}, or downwards")
        self.at += len(body) + 2
        return least, most

    def _apply(
        self, repeat: tuple[int, int | None, bool], parts: list[Node], *, after_repeat: bool
    ) -> None:
        if after_repeat:
            raise refused("a repeat stands behind a repeat")
        if not parts:
            raise refused("a repeat has nothing to repeat")
        least, most, is_counted = repeat
        node = Repeat(parts[-1], least, most, is_counted)
        if is_counted and max(least, most or 0) >= 2 and not may_repeat(node, _MAX_REPEAT):
            raise refused(f"repeats within repeats count to more than {_MAX_REPEAT}")
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
            return self.char_class()
        if char != "\\":
            return self.literal(ord(char))
        following = self.text[self.at : self.at + 1]
        if following and following in "AbBz":
            self.at += 1
            return Assertion(following)
        if following == "C":
            raise refused(r"\C is a byte")
        group = self.group_escape()
        return group if group is not None else self.literal(self.escape())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")
