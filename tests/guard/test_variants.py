"""What is right of one spelling is right of its kind."""

from __future__ import annotations

import pytest

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.policy import Policy
from tests.guard.corpus import field, trades
from tests.guard.corpus.case import RULE_FOR_ALL, Fresh
from tests.guard.variants import of_lines, of_mapping

COVERED = Policy({".sops.yaml": RULE_FOR_ALL})
PATH = "clusters/prod/file.yaml"
HIDDEN = "commented-credentials"


def _rules(text: str, policy: Policy) -> set[str]:
    return {f.rule for f in engine.judge_blob(PATH, text.encode(), policy).findings}


@pytest.mark.parametrize("case", field.MAPPINGS, ids=lambda c: c.name)
def test_every_spelling_of_readable_settings_is_found(case: field.Mapping):
    wrong = {
        name
        for name, text in of_mapping(case.spell(Fresh()))
        if _rules(text, Policy()) != {HIDDEN if name == "commented out" else "registry-password"}
    }
    assert wrong == set(), case.reason


@pytest.mark.parametrize("case", field.LINES, ids=lambda c: c.name)
def test_every_spelling_of_readable_lines_is_found(case: field.Lines):
    wrong = {
        name
        for name, text in of_lines(case.spell(Fresh()))
        if _rules(text, Policy()) != {case.rule}
    }
    assert wrong == set(), case.reason


@pytest.mark.parametrize(("name", "value", "reason"), trades.MAPPINGS, ids=lambda c: str(c)[:30])
def test_no_spelling_of_another_trades_settings_is_found(name: str, value: object, reason: str):
    wrong = {
        spelling: found for spelling, text in of_mapping(value) if (found := _rules(text, COVERED))
    }
    assert wrong == {}, (name, reason)


@pytest.mark.parametrize(("name", "text", "reason"), trades.LINES, ids=lambda c: str(c)[:30])
def test_no_spelling_of_another_trades_lines_is_found(name: str, text: str, reason: str):
    wrong = {
        spelling: found for spelling, said in of_lines(text) if (found := _rules(said, COVERED))
    }
    assert wrong == {}, (name, reason)
