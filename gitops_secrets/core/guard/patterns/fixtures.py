"""Values that tests make up: words that a person reads, where a password of use would be random."""

from __future__ import annotations

import re

_LONGEST, _LONGEST_WORD = 48, 14
_WORDS = re.compile(r"[A-Za-z]+[0-9]{0,3}(?:[-_.:@> /]+[A-Za-z]+[0-9]{0,3}){0,8}")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_UNSAID = re.compile(r"(?i)[bcdfghjklmnpqrstvwxz]{5}|[aeiou]{4}")
_VOWEL = re.compile(r"(?i)[aeiouy]")
_SHORT = 3
"""A word of so few letters may be an abbreviation."""


def is_made_up(value: str) -> bool:
    """Return whether *value* is words that can be spoken, with a number at most behind each."""
    if len(value) > _LONGEST or not _WORDS.fullmatch(value):
        return False
    words = _WORD.findall(value)
    return len(words) <= 2 * len(re.split(r"[^A-Za-z]+", value)) and all(map(_can_be_spoken, words))


def _can_be_spoken(word: str) -> bool:
    if len(word) <= _SHORT:
        return True
    return (
        len(word) <= _LONGEST_WORD
        and not _UNSAID.search(word)
        and 5 * len(_VOWEL.findall(word)) >= len(word)
    )
