"""Whether any of many words stands in a text: asked of every content, several times.

The wheel of the ``fast`` extra asks for all of them in one pass. Without it, as in a hook's own
environment, they are looked for one after another: thirty times slower, and with the same answer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_AT_ONCE = 1 << 16
"""The wheel lists every match there is: of a large text that could be more than the text itself."""


def finder(*words: bytes) -> Callable[[bytes], bool]:
    """Return what says of a text whether any of *words* stands in it."""
    try:
        from ahocorasick_rs import BytesAhoCorasick, MatchKind
    except ImportError:
        return one_by_one(*words)
    # Only leftmost matches are searched for with vector instructions.
    matches = BytesAhoCorasick(words, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes
    step = _AT_ONCE - max(map(len, words))

    def is_in(text: bytes) -> bool:
        if len(text) <= _AT_ONCE:
            return bool(matches(text))
        return any(matches(text[at : at + _AT_ONCE]) for at in range(0, len(text), step))

    return is_in


def one_by_one(*words: bytes) -> Callable[[bytes], bool]:
    """Return what ``finder`` returns, without the wheel."""

    def is_in(text: bytes) -> bool:
        for word in words:  # noqa: SIM110 - a generator costs twice as much here
            if word in text:
                return True
        return False

    return is_in
