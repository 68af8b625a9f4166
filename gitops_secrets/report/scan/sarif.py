"""The report as SARIF 2.1.0, which code hosts show beside the lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from gitops_secrets import __version__
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Finding, Severity
from gitops_secrets.core.guard.record.idents import idents
from gitops_secrets.core.guard.rules import rule
from gitops_secrets.report.document import Value
from gitops_secrets.report.fingerprint import fingerprint
from gitops_secrets.report.scan.text import summary, with_hint
from gitops_secrets.report.words import plain

_DOCS = "https://github.com/gitops-secrets/gitops-secrets/blob/main/docs"


def render(outcome: Outcome) -> str:
    """Return the guard's report."""
    return render_with(outcome, "rules.md", [(ident, rule(ident).severity) for ident in idents()])


def render_with(outcome: Outcome, page: str, rules: Sequence[tuple[str, Severity]]) -> str:
    """Return the report of *outcome*, whose findings are of *rules*, which *page* of the documentation explains."""
    idents = [ident for ident, _ in rules]
    results = [_result(finding, None, idents) for finding in outcome.findings]
    results += [_result(i.finding, (i.by, i.reason), idents) for i in outcome.ignored]
    driver = {
        "name": "gitops-secrets",
        "version": __version__,
        "semanticVersion": __version__,
        "informationUri": _DOCS.partition("/blob/")[0],
        "rules": [
            {
                "id": ident,
                "helpUri": f"{_DOCS}/{page}#{ident}",
                "shortDescription": {"text": ident.replace("-", " ")},
                "defaultConfiguration": {"level": str(severity)},
            }
            for ident, severity in rules
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


def _result(
    finding: Finding, excused: tuple[str, str] | None, idents: Sequence[str]
) -> dict[str, Value]:
    text = with_hint(finding)
    if finding.where != "file":
        text = f"{finding.path}:{finding.position.line}: {text}"
    result: dict[str, Value] = {
        "ruleId": finding.rule,
        "ruleIndex": idents.index(finding.rule),
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
