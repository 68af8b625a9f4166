"""The report as SARIF 2.1.0, which code hosts show beside the lines."""

from __future__ import annotations

import json
from urllib.parse import quote

from gitops_secrets import __version__
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.guard.rules import IDENTS, rule
from gitops_secrets.report.document import Value
from gitops_secrets.report.scan.fingerprint import fingerprint
from gitops_secrets.report.scan.text import summary, with_hint
from gitops_secrets.report.words import plain

DOCS = "https://github.com/gitops-secrets/gitops-secrets/blob/main/docs/rules.md"


def render(outcome: Outcome) -> str:
    """Return the report."""
    results = [_result(finding, None) for finding in outcome.findings]
    results += [_result(i.finding, (i.by, i.reason)) for i in outcome.ignored]
    driver = {
        "name": "gitops-secrets",
        "version": __version__,
        "semanticVersion": __version__,
        "informationUri": DOCS.partition("/blob/")[0],
        "rules": [
            {
                "id": ident,
                "helpUri": f"{DOCS}#{ident}",
                "shortDescription": {"text": ident.replace("-", " ")},
                "defaultConfiguration": {"level": str(rule(ident).severity)},
            }
            for ident in IDENTS
        ],
    }
    invocation = {
        "executionSuccessful": not outcome.unread,
        "exitCode": int(outcome.exit_code),
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": f"not looked at: {plain(what)}"}}
            for what in outcome.unread
        ]
        + [{"level": "note", "message": {"text": summary(outcome)}}],
    }
    run = {"tool": {"driver": driver}, "invocations": [invocation], "results": results}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=2) + "\n"


def _result(finding: Finding, excused: tuple[str, str] | None) -> dict[str, Value]:
    text = with_hint(finding)
    if finding.where != "file":
        text = f"{finding.path}:{finding.position.line}: {text}"
    result: dict[str, Value] = {
        "ruleId": finding.rule,
        "ruleIndex": IDENTS.index(finding.rule),
        "level": str(finding.severity),
        "message": {"text": plain(text)},
        "locations": [_location(finding)],
        "partialFingerprints": {"gitopsSecrets/v1": fingerprint(finding)},
    }
    if finding.commit:
        commits = list(finding.commits or (finding.commit,))
        result["properties"] = {"commit": finding.commit, "commits": commits}
    if excused:
        by, reason = excused
        kind = "inSource" if by == "marker" else "external"
        result["suppressions"] = [{"kind": kind, "justification": plain(reason)}]
    return result


def _location(finding: Finding) -> dict[str, Value]:
    """Return the place in a file, or the name of what is none: a commit, tag or ref."""
    if finding.where != "file":
        name = plain(finding.path)
        return {
            "logicalLocations": [{"name": name, "fullyQualifiedName": name, "kind": "resource"}]
        }
    uri = quote(finding.path.encode("utf-8", "surrogateescape"))
    region = {"startLine": finding.position.line, "startColumn": finding.position.column}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": "SRCROOT"},
            "region": region,
        }
    }
