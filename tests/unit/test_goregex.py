"""What Go's regexp says of 1,200 patterns, and what our own reading of them says."""

from __future__ import annotations

import json

import pytest

from gitops_secrets.core.goregex.match import GoRegexError, go_regex
from tests.unit.goregex.make import VECTORS, difference


def test_every_vector_is_answered_as_go_answered_it() -> None:
    """``tests/unit/goregex/make.py`` made them; it compares any number of others where there is Go."""
    vectors = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    assert [(case, what) for case, said in vectors if (what := difference(case, said))] == []
    texts = [found for _, said in vectors if said is not None for found in said]
    assert len(texts) > 2500
    assert min(texts.count(True), texts.count(False)) > 700
    refused = sum(said is None for _, said in vectors)
    assert refused > 300


def test_few_of_the_vectors_are_not_understood() -> None:
    vectors = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    unread = 0
    for (pattern, *_), said in vectors:
        try:
            go_regex(pattern)
        except GoRegexError as error:
            unread += said is not None and not error.is_refused
    assert unread < 40


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 4000 + "b"),
        ("(.*)*(.*)*(.*)*x", "y" * 4000),
        ("(a|a)*b" * 5, "a" * 4000),
        ("((a*)*)*b", "a" * 4000),
        (r"(\w+\s?)+\z", "a" * 4000 + "!"),
    ],
)
def test_a_repeat_in_a_repeat_takes_no_longer_than_any_other(pattern: str, text: str) -> None:
    """Python's own matcher would not end."""
    assert not go_regex(pattern).is_found_in(text)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"\p{Greek}", "Unicode class"),
        (r"\pC", "Unicode class"),
        ("(?i)[à-ü]", "outside ASCII"),
        ("(" * 100 + ")" * 100, "groups deep"),
        ("(abcdefghij){900}", "too large"),
        ("a" * 2001, "longer than"),
    ],
)
def test_what_go_takes_and_is_not_read_here_says_so(pattern: str, reason: str) -> None:
    with pytest.raises(GoRegexError, match=reason) as raised:
        go_regex(pattern)
    assert not raised.value.is_refused


def test_a_byte_that_is_no_text_is_any_character() -> None:
    name = b"apps/\xff.yaml".decode(errors="surrogateescape")
    assert go_regex(r"^apps/.\.yaml$").is_found_in(name)
    assert go_regex(r"^apps/\x{FFFD}").is_found_in(name)
