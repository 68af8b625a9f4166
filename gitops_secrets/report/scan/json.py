"""The report for programs."""

from __future__ import annotations

from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.report.document import Value, render_document

VERDICTS = {0: "clean", 1: "findings", 3: "not-looked"}


def render(outcome: Outcome) -> str:
    """Return the report."""
    return render_document(
        "scan",
        {
            "verdict": VERDICTS[int(outcome.exit_code)],
            "exit_code": int(outcome.exit_code),
            "looked_at": {"what": outcome.what, "count": outcome.looked_at},
            "findings": [finding_value(finding) for finding in outcome.findings],
            "excused": [
                {**finding_value(i.finding), "by": i.by, "reason": i.reason}
                for i in outcome.ignored
            ],
            "not_looked_at": outcome.unread,
            "way_back": outcome.way_back or None,
        },
    )


def finding_value(finding: Finding) -> dict[str, Value]:
    """Return *finding* as a document holds it."""
    name = finding.object_name
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "path": finding.path,
        "line": finding.position.line,
        "column": finding.position.column,
        "message": finding.message,
        "object": {"kind": name.kind, "namespace": name.namespace, "name": name.name}
        if name
        else None,
        "key": finding.key_path,
        "hint": finding.fix,
        "commit": finding.commit or None,
        "commits": finding.commits or ((finding.commit,) if finding.commit else ()),
        "where": finding.where,
    }
