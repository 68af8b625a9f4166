"""The report for programs. Its form is versioned: docs/schema/scan-1.json describes it."""

from __future__ import annotations

import json
from typing import Any

from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.report.scan.words import plain

SCHEMA = 1
_VERDICTS = {0: "clean", 1: "findings", 3: "not-looked"}


def render(outcome: Outcome) -> str:
    """Return the report."""
    report = {
        "schema": SCHEMA,
        "verdict": _VERDICTS[int(outcome.exit_code)],
        "exit_code": int(outcome.exit_code),
        "looked_at": {"what": outcome.what, "count": outcome.looked_at},
        "findings": [_finding(finding) for finding in outcome.findings],
        "excused": [
            {**_finding(i.finding), "by": i.by, "reason": plain(i.reason)} for i in outcome.ignored
        ],
        "not_looked_at": [plain(what) for what in outcome.unread],
    }
    return json.dumps(report, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    name = finding.object_name
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "path": plain(finding.path),
        "line": finding.position.line,
        "column": finding.position.column,
        "message": plain(finding.message),
        "object": {"kind": name.kind, "namespace": name.namespace, "name": name.name}
        if name
        else None,
        "key": [plain(k) if isinstance(k, str) else k for k in finding.key_path],
        "mend": plain(finding.mend),
        "commit": finding.commit or None,
        "where": finding.where,
    }
