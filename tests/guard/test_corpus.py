"""Every case of the corpus is judged right, and nothing said about it gives a secret away."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.filter.prefilter import may_any_hold, may_hold
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.record.facts import Facts
from gitops_secrets.core.guard.record.idents import idents
from tests.guard.corpus import (
    commands,
    configs,
    elsewhere,
    encrypted,
    field,
    files,
    fixtures,
    hidden,
    lookalikes,
    operated,
    pull_secrets,
    spelled,
    trades,
    variables,
)
from tests.guard.corpus.case import KNOWN, Case
from tests.guard.said import everything_said, given_away, pieces

READABLE = [
    case
    for section in (
        pull_secrets,
        configs,
        commands,
        hidden,
        encrypted,
        field,
        files,
        fixtures,
        elsewhere,
        operated,
        spelled,
        variables,
    )
    for case in section.readable()
]
LOOKALIKES = [
    *lookalikes.lookalikes(),
    *trades.lookalikes(),
    *files.lookalikes(),
    *fixtures.lookalikes(),
    *operated.lookalikes(),
    *spelled.lookalikes(),
    *variables.lookalikes(),
]
ELSEWHERE = {
    *("moved-ciphertext", "copied-ciphertext", "policy-change"),
    *("unreadable", "marker-without-reason"),
}
"""Rules about changes, trees, limits and exceptions: one content alone does not show them."""


@cache
def _pieces() -> frozenset[str]:
    return pieces(KNOWN)


def _policy(case: Case) -> Policy:
    return Policy({".sops.yaml": case.sops_config} if case.sops_config else {})


@pytest.mark.parametrize("case", READABLE, ids=lambda c: c.name)
def test_readable(case: Case):
    findings = engine.judge_blob(case.path, case.content, _policy(case)).findings
    assert {f.rule for f in findings} == case.rules, case.reason


@pytest.mark.parametrize("case", LOOKALIKES, ids=lambda c: c.name)
def test_lookalike_is_silent(case: Case):
    findings = engine.judge_blob(case.path, case.content, _policy(case)).findings
    assert [f"{f.rule} at {f.position}" for f in findings] == [], case.reason


@pytest.mark.parametrize("case", [*READABLE, *LOOKALIKES], ids=lambda c: c.name)
def test_nothing_said_gives_a_secret_away(case: Case):
    facts = engine.examine(case.content, case.path)
    findings = engine.judge(case.path, facts, _policy(case)).findings
    assert given_away(everything_said(facts, findings), _pieces()) == set()


def test_texts_filtered_together_hide_none_of_them():
    """What depends on where a text begins or ends must be seen in the midst of others too."""
    others = [
        b"#!",
        b"kind: SealedSecret",
        b"x\\",
        b"100 %",
        b"BZh",
        b"'",
        b"aGVsbG8gd29ybGQgaGVsbG8",
    ]
    begun = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCg"
    for case in (*READABLE, *LOOKALIKES):
        if may_hold(case.content):
            for other in (*others, begun):
                texts = [other, case.content, other]
                assert may_any_hold(texts), (case.name, other)
    assert not may_any_hold([b"Change the number", b"Because of things"])


@pytest.mark.parametrize("case", [*READABLE, *LOOKALIKES], ids=lambda c: c.name)
def test_facts_survive_a_cache(case: Case):
    facts = engine.examine(case.content, case.path)
    assert Facts.from_json(facts.to_json()) == facts


@pytest.mark.parametrize("case", READABLE, ids=lambda c: c.name)
def test_a_finding_has_its_place(case: Case):
    lines = case.content.count(b"\n") + case.content.count(b"\r") + 1
    for finding in engine.judge_blob(case.path, case.content, _policy(case)).findings:
        assert 1 <= finding.position.line <= lines
        assert finding.position.column >= 1
        assert finding.fix


def test_the_corpus_is_large_enough_and_each_case_has_a_reason_and_a_name_of_its_own():
    assert len(READABLE) >= 150
    assert len(LOOKALIKES) >= 150
    assert all(case.reason for case in [*READABLE, *LOOKALIKES])
    assert [n for n, count in Counter(c.name for c in READABLE).items() if count > 1] == []
    assert [n for n, count in Counter(c.name for c in LOOKALIKES).items() if count > 1] == []


def test_every_rule_that_reads_one_content_has_cases():
    assert {r for case in READABLE for r in case.rules} == set(idents()) - ELSEWHERE
