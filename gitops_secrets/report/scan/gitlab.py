"""The report as GitLab's code quality: what could not be looked at is an issue as well."""

from __future__ import annotations

import json

from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Severity
from gitops_secrets.report.document import Value
from gitops_secrets.report.fingerprint import fingerprint
from gitops_secrets.report.scan.text import with_hint
from gitops_secrets.report.words import plain


def render(outcome: Outcome) -> str:
    """Return the report."""
    issues = [
        _issue(
            with_hint(finding),
            finding.rule,
            fingerprint(finding),
            "blocker" if finding.severity is Severity.ERROR else "minor",
            (finding.path, finding.position.line),
        )
        for finding in outcome.findings
    ]
    issues += [
        _issue(f"excused: {i.reason}", i.finding.rule, fingerprint(i.finding), "info",
               (i.finding.path, i.finding.position.line))
        for i in outcome.ignored
    ]  # fmt: skip
    issues += [
        _issue(f"not looked at: {what}", "not-looked-at", f"not-looked-at-{number}", "blocker",
               (what.partition(":")[0], 1))
        for number, what in enumerate(outcome.unread)
    ]  # fmt: skip
    return json.dumps(issues, indent=2) + "\n"


def _issue(
    description: str, check: str, name: str, severity: str, place: tuple[str, int]
) -> dict[str, Value]:
    path, line = place
    return {
        "description": plain(description),
        "check_name": check,
        "fingerprint": name,
        "severity": severity,
        "location": {"path": plain(path), "lines": {"begin": line}},
    }
