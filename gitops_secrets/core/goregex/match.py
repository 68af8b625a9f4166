"""Go's regular expressions, asked one question: is a pattern found in a text?

sops matches with Go. Python's ``re`` takes other patterns, reads some of the same otherwise, and may
take for ever. This steps through all readings of a pattern at once, one character after the other,
so the time is bounded by the lengths of pattern and text.
"""

from __future__ import annotations

from functools import lru_cache

from gitops_secrets.core.goregex.chars import Chars, GoRegexError
from gitops_secrets.core.goregex.syntax import read_pattern
from gitops_secrets.core.goregex.tree import Assertion, Choice, Node, Repeat, Sequence
from gitops_secrets.errors import InvalidDocumentError

__all__ = ["GoRegex", "GoRegexError", "go_regex", "is_found"]

_MAX_STEPS = 4000
"""Steps of one program; repeats are written out in it."""
_MAX_STATES = 2000
"""States that are remembered, with what each character led to."""
_Step = tuple[str | Chars, int, int]
"""What is asked, and the steps that follow: "either" of two, an assertion, one character, "found"."""
_State = tuple[frozenset[int], str]
"""The steps that wait for the next character, and the sort of the character before it."""
_FOUND: _State = (frozenset(), "found")
_WORD = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_END = ""


@lru_cache(maxsize=256)
def go_regex(pattern: str) -> GoRegex:
    """Return *pattern* as Go compiles it. Raises GoRegexError for what Go refuses or is not understood."""
    return GoRegex(pattern)


def is_found(pattern: str, text: str, where: str) -> bool:
    """Return whether sops would find *pattern* in *text*.

    Raises InvalidDocumentError, naming *where* the pattern stands, for one that Go refuses or that is
    not understood here.
    """
    try:
        return go_regex(pattern).is_found_in(text)
    except GoRegexError as error:
        if error.is_refused:
            raise InvalidDocumentError(
                f"{where} is not a regular expression of Go's, and sops fails on it: {error.reason}",
                "correct it",
            ) from None
        raise InvalidDocumentError(
            f"{where} is a regular expression that is not understood: {error.reason}",
            "write it in a simpler way",
        ) from None


class GoRegex:
    """A compiled pattern."""

    def __init__(self, pattern: str) -> None:
        self._steps: list[_Step] = [("found", 0, 0)]
        self._start = self._compile(read_pattern(pattern), 0)
        self._known: dict[tuple[_State, str], _State] = {}

    def is_found_in(self, text: str) -> bool:
        """Return whether some part of *text* matches, as ``regexp.MatchString`` does.

        A byte that is not UTF-8, decoded with surrogateescape, is what Go makes of it: U+FFFD.
        """
        state: _State = (frozenset(), "begin")
        for char in text:
            after = self._known.get((state, char))
            state = self._after(state, char) if after is None else after
            if state is _FOUND:
                return True
        return self._after(state, _END) is _FOUND

    def _after(self, state: _State, char: str) -> _State:
        """Return the state that *char* leads to; at the end of the text it is empty."""
        waiting, before = state
        code = 0xFFFD if "\ud800" <= char <= "\udfff" else ord(char or "\0")
        following: set[int] = set()
        stack, seen = [*waiting, self._start], set[int]()
        after = _FOUND
        while stack:
            number = stack.pop()
            if number in seen:
                continue
            seen.add(number)
            what, one, other = self._steps[number]
            if isinstance(what, Chars):
                if char and what.has(code):
                    following.add(one)
            elif what == "either":
                stack += one, other
            elif what == "found":
                break
            elif _holds(what, before, char):
                stack.append(one)
        else:
            after = (frozenset(following), _sort(char))
        if len(self._known) >= _MAX_STATES:
            self._known.clear()
        self._known[state, char] = after
        return after

    def _add(self, what: str | Chars, one: int, other: int = 0) -> int:
        if len(self._steps) >= _MAX_STEPS:
            raise GoRegexError("it is too large once its repeats are written out", is_refused=False)
        self._steps.append((what, one, other))
        return len(self._steps) - 1

    def _compile(self, node: Node, then: int) -> int:
        """Add the steps of *node*, which lead to step *then*; return the first."""
        if isinstance(node, Chars):
            return self._add(node, then)
        if isinstance(node, Assertion):
            return self._add(node.kind, then)
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                then = self._compile(part, then)
            return then
        if isinstance(node, Choice):
            first, *others = [self._compile(part, then) for part in node.parts]
            for other in others:
                first = self._add("either", first, other)
            return first
        return self._compile_repeat(node, then)

    def _compile_repeat(self, node: Repeat, then: int) -> int:
        first, copies = then, node.least
        if node.most is None:
            either = first = self._add("either", then, then)
            again = self._compile(node.part, either)
            self._steps[either] = ("either", again, then)
            if copies:
                first, copies = again, copies - 1
        else:
            for _ in range(node.most - node.least):
                first = self._add("either", self._compile(node.part, first), then)
        for _ in range(copies):
            first = self._compile(node.part, first)
        return first


def _sort(char: str) -> str:
    """Return what an assertion asks of a character: "word", "line" or "other"."""
    return "word" if char in _WORD else "line" if char == "\n" else "other"


def _holds(kind: str, before: str, char: str) -> bool:
    """Return whether assertion *kind* holds between a character of sort *before* and *char*."""
    if kind == "A":
        return before == "begin"
    if kind == "z":
        return char == _END
    if kind == "^":
        return before in ("begin", "line")
    if kind == "$":
        return char in (_END, "\n")
    return ((before == "word") != (char in _WORD)) == (kind == "b")
