"""Every hint is followed in a situation of one of the tiers, or is named with the reason why not."""

from __future__ import annotations

import re
from collections import Counter

from tests.e2e.hints.table import TABLE as OF_E2E
from tests.hints.inventory import hints
from tests.hints.not_run import NOT_RUN
from tests.hints.table import TABLE
from tests.system.hints.table import TABLE as OF_SYSTEM

TABLES = (*TABLE, *OF_SYSTEM, *OF_E2E)
"""The situations of all tiers."""
_PROSE = re.compile(
    r"[,;] [a-z]|: [a-z]|\b(?:shows|brings|prints|says|names|takes|if|or|and|then)\b"
)
"""What a command does not have outside of quotes."""


def test_there_are_hints_to_look_at() -> None:
    assert len(hints()) > 400
    assert sum(hint.is_typed for hint in hints()) > 150


def test_each_situation_is_about_a_hint_that_there_is() -> None:
    known = {hint.text for hint in hints()}
    assert [s.name for s in TABLES if s.hint not in known] == []


def test_at_least_a_hundred_hints_are_followed() -> None:
    assert len({situation.hint for situation in TABLE}) >= 100


def test_situations_have_names_of_their_own() -> None:
    assert [name for name, number in Counter(s.name for s in TABLES).items() if number > 1] == []


def test_each_command_is_followed_or_says_why_not() -> None:
    followed = {situation.hint for situation in TABLES}
    named = {text for texts in NOT_RUN.values() for text in texts}
    assert followed.isdisjoint(named)
    missing = [h for h in hints() if h.is_typed and h.text not in followed | named]
    assert missing == [], "follow it in a situation of a tier's table, or name it in not_run.py"
    assert named <= {hint.text for hint in hints()}


def test_a_hint_that_is_a_command_is_nothing_but_that() -> None:
    wrong = [h for h in hints() if h.is_typed and _PROSE.search(_unquoted(h.text))]
    assert wrong == []


def _unquoted(text: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"|\{[^}]*\}", "X", text)


def test_that_another_tier_follows_a_hint_is_no_reason() -> None:
    """The table of that tier is counted, and no promise."""
    assert [reason for reason in NOT_RUN if re.search(r"\b(?:e2e|system)\b", reason)] == []
