"""One verdict in six forms, each valid for whoever reads it, none with a secret in it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from tests.guard.corpus.case import Fresh
from tests.guard.said import given_away, pieces
from tests.support import documents
from tests.support.user import Result, User

SARIF = json.loads(Path("tests/support/sarif-schema-2.1.0.json").read_text())
"""As the OASIS committee publishes it (oasis-tcs/sarif-spec, sarif-2.1/schema), unchanged."""
MARKER = "# gitops-secrets: ignore[plaintext-dockerconfigjson] a registry for tests\n"


def clean(user: User, fresh: Fresh) -> int:
    user.write({"a.yaml": "kind: ConfigMap\n"})
    user.git("add", "--all")
    return 0


def found(user: User, fresh: Fresh) -> int:
    user.write({"sub/a b,c:%.yaml": fresh.secret, "config.json": fresh.config})
    user.git("add", "--all")
    return 1


def excused(user: User, fresh: Fresh) -> int:
    user.write({"a.yaml": fresh.secret.replace("data:\n", "data:\n  " + MARKER)})
    user.git("add", "--all")
    return 0


def excused_without_reason(user: User, fresh: Fresh) -> int:
    marker = MARKER.replace(" a registry for tests", "")
    user.write({"a.yaml": fresh.secret.replace("data:\n", "data:\n  " + marker)})
    user.git("add", "--all")
    return 1


SETTINGS = """\
version: 1
rules:
- {rule: docker-config, severity: off, paths: [config.json], reason: a registry for tests}
- {rule: plaintext-dockerconfigjson, severity: warning, reason: it moves next week}
"""


def set_by_the_repository(user: User, fresh: Fresh) -> int:
    user.write({"a.yaml": fresh.secret, "config.json": fresh.config})
    user.write({".gitops-secrets.yaml": SETTINGS})
    user.git("add", "--all")
    return 0


def lost(user: User, fresh: Fresh) -> int:
    user.write({"a.yaml": fresh.secret, "b.yaml": "b: 1\n"})
    user.git("add", "--all")
    blob = user.git("hash-object", "b.yaml").strip()
    (user.repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    return 3


STORIES: tuple[Callable[[User, Fresh], int], ...] = (
    *(clean, found, excused, excused_without_reason, set_by_the_repository, lost),
)


def text(report: str) -> int:
    if "error: not looked at" in report:
        return 3
    return int(": error[" in report)


def of_json(report: str) -> int:
    content = documents.read("scan", report)
    assert {"clean": 0, "findings": 1, "not-looked": 3}[content["verdict"]] == content["exit_code"]
    if content["not_looked_at"]:
        return 3
    return int(any(f["severity"] == "error" for f in content["findings"]))


def sarif(report: str) -> int:
    content = json.loads(report)
    jsonschema.validate(content, SARIF)
    (run,) = content["runs"]
    if not run["invocations"][0]["executionSuccessful"]:
        return 3
    return int(any(r["level"] == "error" and not r.get("suppressions") for r in run["results"]))


def github(report: str) -> int:
    if "::error title=not looked at::" in report:
        return 3
    for line in report.splitlines()[:-1]:
        assert re.fullmatch(r"::(error|warning|notice) file=[^:,]+,line=\d+,.*::.+", line), line
    return int("::error " in report)


def gitlab(report: str) -> int:
    issues: list[dict[str, Any]] = json.loads(report)
    for issue in issues:
        assert issue["location"]["lines"]["begin"] >= 1
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
    assert len({i["fingerprint"] for i in issues}) == len(issues)
    if any(i["check_name"] == "not-looked-at" for i in issues):
        return 3
    return int(any(i["severity"] == "blocker" for i in issues))


def junit(report: str) -> int:
    (suite,) = ET.fromstring(report)
    assert int(suite.attrib["tests"]) == len(suite)
    assert int(suite.attrib["failures"]) == len(suite.findall(".//failure"))
    if int(suite.attrib["errors"]):
        return 3
    return int(int(suite.attrib["failures"]) > 0)


READERS = {
    "text": text,
    "json": of_json,
    "sarif": sarif,
    "github": github,
    "gitlab": gitlab,
    "junit": junit,
}


def reports(user: User) -> dict[str, Result]:
    return {form: user.run("scan", "--output", form) for form in READERS}


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_each_form_says_and_ends_with_the_same_verdict(
    user: User, story: Callable[[User, Fresh], int]
):
    expected = story(user, Fresh())
    ran = reports(user)
    assert {form: result.status for form, result in ran.items()} == dict.fromkeys(ran, expected)
    said = {form: READERS[form](result.stdout) for form, result in ran.items()}
    assert said == dict.fromkeys(ran, expected)


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_no_form_holds_a_piece_of_the_secret(user: User, story: Callable[[User, Fresh], int]):
    fresh = Fresh()
    story(user, fresh)
    secret = pieces([fresh.password, fresh.auth, fresh.packed])
    for form, result in reports(user).items():
        assert given_away(result.printed, secret) == set(), form


def test_the_places_are_the_same_in_each_form_that_has_places(user: User):
    found(user, Fresh())
    ran = reports(user)
    of_ours = {(f["path"], f["line"]) for f in json.loads(ran["json"].stdout)["findings"]}
    issues = json.loads(ran["gitlab"].stdout)
    assert {(i["location"]["path"], i["location"]["lines"]["begin"]) for i in issues} == of_ours
    for path, line in of_ours:
        assert f"{path}:{line}:" in ran["text"].stdout
        assert f'name="{path}:{line} ' in ran["junit"].stdout
    lines = re.findall(r"file=([^,]+),line=(\d+)", ran["github"].stdout)
    plain = {
        (p.replace("%3A", ":").replace("%2C", ",").replace("%25", "%"), int(n)) for p, n in lines
    }
    assert plain == of_ours


def test_each_form_gives_the_same_hint(user: User):
    found(user, Fresh())
    ran = reports(user)
    for finding in documents.read("scan", ran.pop("json").stdout)["findings"]:
        for form, result in ran.items():
            said = html.unescape(result.stdout.replace('\\"', '"').replace("%25", "%"))
            assert f"hint: {finding['hint']}" in said, form


def test_every_rule_that_sarif_names_has_its_anchor_in_the_docs(user: User):
    clean(user, Fresh())
    (run,) = json.loads(reports(user)["sarif"].stdout)["runs"]
    headings = set(re.findall(r"(?m)^## (\S+)$", Path("docs/rules.md").read_text()))
    assert {r["helpUri"].partition("#")[2] for r in run["tool"]["driver"]["rules"]} <= headings
