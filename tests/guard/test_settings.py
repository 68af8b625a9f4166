"""How a repository sets the rules: what is understood of the file, and that nothing else passes in silence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pyrage
import pytest
import yaml

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.globs import covers, flaw_in
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.judge.settings import (
    FIXED,
    parse_settings,
    parse_signing,
    parse_style,
)
from gitops_secrets.core.guard.record.finding import Severity
from gitops_secrets.core.guard.record.idents import idents
from gitops_secrets.core.verify.signatures import SSH_FINGERPRINT, is_hex
from gitops_secrets.errors import InvalidDocumentError
from tests.guard.corpus.case import Fresh

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "schemas/settings-1.json").read_text())
RULE = "plaintext-dockerconfigjson"
ENTRY = {"rule": RULE, "severity": "off", "reason": "a registry for tests"}


def settings(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"version": 1, "rules": entries}).encode()


def judged(path: str, *entries: dict[str, Any]) -> engine.Judgement:
    return engine.judge_blob(path, Fresh().secret.encode(), Policy(settings=settings(*entries)))


def is_valid(content: bytes) -> bool:
    """Whether the published schema takes *content*, in which an editor reads "off" as text."""
    value = yaml.load(content, yaml.BaseLoader)
    if isinstance(value, dict) and value.get("version") == "1":
        value["version"] = 1
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(value))


def test_a_rule_that_is_off_reports_nothing_and_is_counted_with_its_reason():
    judgement = judged("a.yaml", ENTRY)
    assert judgement.findings == ()
    assert [(i.by, i.reason) for i in judgement.ignored] == [("settings", "a registry for tests")]


def test_a_warning_says_whose_word_made_it_one():
    (found,) = judged("a.yaml", {**ENTRY, "severity": "warning"}).findings
    assert found.severity is Severity.WARNING
    assert found.message.endswith("(warning by .gitops-secrets.yaml: a registry for tests)")


def test_a_warning_can_be_made_an_error():
    content = b"# gitops-secrets: ignore[docker-config]\n" + Fresh().config.encode()
    entry = {"rule": "marker-without-reason", "severity": "error", "reason": "we clean up"}
    findings = engine.judge_blob("a", content, Policy(settings=settings(entry))).findings
    assert {f.rule: f.severity for f in findings}["marker-without-reason"] is Severity.ERROR


def test_the_first_setting_that_covers_a_path_counts():
    strict = {**ENTRY, "severity": "error", "paths": ["clusters/"]}
    assert len(judged("clusters/prod/a.yaml", strict, ENTRY).findings) == 1
    assert judged("docs/a.yaml", strict, ENTRY).findings == ()


def test_another_rule_is_not_touched():
    assert len(judged("a.yaml", {**ENTRY, "rule": "docker-config"}).findings) == 1


def test_what_may_come_to_stand_anywhere_is_not_excused_by_its_path():
    content = Fresh().secret.encode()
    for paths, expected in ((["docs/"], 1), (None, 0)):
        entry = {**ENTRY, **({"paths": paths} if paths else {})}
        policy = Policy(settings=settings(entry)).anywhere()
        assert len(engine.judge_blob("docs/a.yaml", content, policy).findings) == expected


def test_a_key_in_a_path_is_set_as_one_in_a_file():
    path = str(pyrage.x25519.Identity.generate())
    entry = {**ENTRY, "rule": "age-identity"}
    assert len(engine.judge_path(path, Policy()).findings) == 1
    assert engine.judge_path(path, Policy(settings=settings(entry))).findings == ()


@pytest.mark.parametrize(
    ("glob", "path", "is_covered"),
    [
        ("docs/", "docs/a/b.md", True),
        ("docs", "charts/docs/b.md", True),
        ("/docs", "charts/docs/b.md", False),
        ("docs", "docs.md", False),
        ("*.md", "a/b.md", True),
        ("a/*.md", "a/b/c.md", False),
        ("a/**/c.md", "a/c.md", True),
        ("a/**/c.md", "a/x/y/c.md", True),
        ("a/**", "a/x/y", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
        ("**", "x\ny", True),
        ("a/b", "a/bc", False),
        ("manuals/", "manuals", False),
        ("manuals/", "apps/manuals", False),
        ("manuals/", "apps/manuals/a.md", True),
        ("/apps/*/", "apps/notes.md", False),
        ("/apps/*/", "apps/web/notes.md", True),
        ("a/**/", "a/x", False),
        ("a/**/", "a/x/y", True),
        ("*a*a*a*a*a*a*a*a*b", "a" * 5000, False),
    ],
)
def test_paths_are_matched_as_gitignore_does(glob: str, path: str, is_covered: bool):
    assert flaw_in(glob) is None
    assert covers(glob, path) is is_covered


BROKEN = [
    ("- a", ":1: is not a mapping"),
    ("version: 1\n---\nversion: 1\n", "holds several documents"),
    ("version: 2\nrules: []\n", ":1:10: version is not 1"),
    ("rules: []\n", ":1:1: version is missing"),
    ("version: 1\n", ":1:1: rules is missing"),
    ("version: 1\ncommit: x\n", ":2:9: this is not a mapping"),
    ("version: 1\ncommit: {prefix: x}\n", ":2:10: unknown key 'prefix'"),
    ('version: 1\ncommit: {message-prefix: "a\\nb"}\n', ":2:26: message-prefix has several lines"),
    ("version: 1\ncommit: {trailers: [a]}\n", ":2:20: trailers is not a mapping"),
    ("version: 1\ncommit: {trailers: {a b: c}}\n", ":2:21: this is no key of a trailer"),
    ("version: 1\ncommit: {trailers: {a: ''}}\n", ":2:24: the trailer a is empty"),
    ("version: 1\nverify: {by: [a]}\n", ":2:10: unknown key 'by'"),
    ("version: 1\nverify: {allowed-signers: ../../signers}\n", ":2:27: allowed-signers leads out of the repository"),
    ("version: 1\nverify: {signers: [a]}\n", ":2:19: signers is not a mapping"),
    ("version: 1\nverify: {signers: {a: [B5690EEEBB952194]}}\n", ":2:24: B5690EEEBB952194 is the short id of a key"),
    ("version: 1\nverify: {signed: [{by: [a]}]}\n", ":2:19: paths is missing"),
    ("version: 1\nverify: {signed: [{paths: []}]}\n", ":2:27: this rule has no paths"),
    ("version: 1\nverify: {signed: [{paths: ['!a']}]}\n", ":2:28: the pattern"),
    ("version: 1\nverify: {signed: [{paths: [a], by: []}]}\n", ":2:36: nobody may sign"),
    ("version: 1\nverify: {signed: [{paths: [a], signers: 3}]}\n", ":2:41: signers is 3, not 1 or 2"),
    ("version: 1\nrules: {}\n", ":2:8: rules is not a list"),
    ("version: 1\nrules: []\nrule: []\n", ":3:1: unknown key 'rule'"),
    ("version: 1\nrules: [a]\n", ":2:9: this is not a mapping"),
    ("version: 1\nrules:\n- rule: docker-config\n  severity: off\n", ":3:3: reason is missing"),
    ("version: 1\nrules:\n- rule: docker-config\n  severity: off\n  reason: ' '\n", ":5:11: reason is empty"),
    ("version: 1\nrules:\n- rule: docker-config\n  severity: none\n  reason: x\n", ":4:13: there is no severity 'none'"),
    ("version: 1\nrules:\n- rule: docker-konfig\n  severity: off\n  reason: x\n", ":3:9: there is no rule 'docker-konfig'"),
    ("version: 1\nrules:\n- rule: policy-change\n  severity: off\n  reason: x\n", ":3:9: policy-change cannot be set"),
    ("version: 1\nrules:\n- rule: unreadable\n  severity: off\n  reason: x\n", ":3:3: this setting of unreadable has no paths"),
    ("version: 1\nrules:\n- rule: docker-config\n  severity: off\n  reason: x\n  path: a\n", ":6:3: unknown key 'path'"),
    ("version: 1\nrules:\n- rule: docker-config\n  severity: off\n  reason: x\n  paths: []\n", ":6:10: this setting of docker-config has no paths"),
    ("version: 1\nrules:\n- rule: docker-config\n  severity: off\n  reason: x\n  paths: a\n", ":6:10: paths is not a list"),
    *(
        (f"version: 1\nrules:\n- rule: docker-config\n  severity: off\n  reason: x\n  paths: ['{glob}']\n", ":6:11: the pattern")
        for glob in ("/", "../a", "a//b", "!docs", "[ab].md", "{a,b}")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_what_is_not_understood_is_an_error_with_its_place_and_a_hint(text: str, said: str):
    with pytest.raises(InvalidDocumentError, match=re.escape(said)) as caught:
        parse_settings(text.encode(), ".gitops-secrets.yaml")
    assert caught.value.hints or "mapping" in said


@pytest.mark.parametrize("text", [t for t, _ in BROKEN if "---" not in t])
def test_the_schema_for_editors_refuses_what_the_reader_refuses(text: str):
    assert not is_valid(text.encode())


def test_commit_messages_can_be_set_without_any_rule():
    content = b"version: 1\ncommit: {message-prefix: 'chore: ', trailers: {Ticket: OPS-12}}\n"
    assert is_valid(content)
    assert parse_settings(content, "-") == ()
    assert parse_style(content, "-") == ("chore: ", (("Ticket", "OPS-12"),))


SIGNED = b"""\
version: 1
verify:
  allowed-signers: .allowed_signers
  signers:
    alice: [alice@example.com, 968479a1aff927e37d1a566bb5690eeebb952194]
  signed:
  - paths: [clusters/prod/]
    by: [alice]
    signers: 2
  - paths: [clusters/]
"""


def test_the_first_rule_says_whose_signature_a_file_needs():
    assert is_valid(SIGNED)
    signing = parse_signing(SIGNED, "-")
    key = "968479A1AFF927E37D1A566BB5690EEEBB952194"
    assert signing.signers == (("alice", ("alice@example.com", key)),)
    assert signing.rule_for("clusters/prod/a.yaml") == (("clusters/prod/",), ("alice",), 2)
    assert signing.rule_for("clusters/b.yaml") == (("clusters/",), (), 1)
    assert signing.rule_for("apps/b.yaml") is None


@pytest.mark.parametrize("path", ["/keys/signers", "./keys/signers", "keys//a/../signers"])
def test_the_file_of_allowed_signers_is_found_from_the_top_however_it_is_written(path: str):
    content = f"version: 1\nverify: {{allowed-signers: {path}}}\n".encode()
    assert is_valid(content)
    assert parse_signing(content, "-").allowed_signers == "keys/signers"


def test_the_example_of_signatures_is_understood():
    page = (DOCS / "verify.md").read_text()
    (example,) = re.findall(r"```yaml\n(# \.gitops-secrets\.yaml.*?)```", page, re.DOTALL)
    assert is_valid(example.encode())
    keys = dict(parse_signing(example.encode(), "-").signers)
    assert all(is_hex(key) for key in (keys["alice"][1], *keys["github"]))
    assert SSH_FINGERPRINT.fullmatch(keys["bob"][0])


def test_without_rules_every_file_needs_a_signature():
    assert parse_signing(b"version: 1\nverify: {}\n", "-").rule_for("a") is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("verify: {signers: {a: [x]}, signed: [{paths: [p], by: [b]}]}", "there is no signer 'b'"),
        ("verify: {signers: {a: [x], b: [x]}}", "x stands here twice"),
    ],
)
def test_signers_are_different_persons_who_are_there(text: str, said: str):
    with pytest.raises(InvalidDocumentError, match=said):
        parse_signing(f"version: 1\n{text}\n".encode(), "-")


@pytest.mark.parametrize("severity", ["error", "warning", "off"])
@pytest.mark.parametrize("rule", sorted(set(idents()) - FIXED))
def test_the_schema_for_editors_takes_what_the_reader_takes(rule: str, severity: str):
    content = settings(
        {**ENTRY, "rule": rule, "severity": severity, "paths": ["docs/", "/a/**/b?.md", "*.yaml"]}
    )
    assert parse_settings(content, "x")
    assert is_valid(content)


def test_the_schema_names_the_rules_that_can_be_set():
    listed = SCHEMA["$defs"]["setting"]["properties"]["rule"]["enum"]
    assert sorted(listed) == sorted(set(idents()) - FIXED)


def test_the_example_of_the_documentation_is_understood():
    (example,) = re.findall(
        r"```yaml\n(# yaml-language-server.*?)```", (DOCS / "rules.md").read_text(), re.DOTALL
    )
    assert SCHEMA["$id"] in example
    assert parse_settings(example.encode(), "x")
    assert is_valid(example.encode())


def test_the_file_is_read_only_where_a_finding_depends_on_it():
    policy = Policy(settings=b"nonsense: [")
    assert engine.judge_blob("a", b"a: b\n", policy).findings == ()
    with pytest.raises(InvalidDocumentError):
        engine.judge_blob("a", Fresh().secret.encode(), policy)
