"""The report as GitHub's workflow commands: annotations on the lines of a pull request."""

from __future__ import annotations

from gitops_secrets.core.outcome import Outcome
from gitops_secrets.report.words import plain, summary


def render(outcome: Outcome) -> str:
    """Return the report."""
    lines = [
        f"::{finding.severity} file={_property(finding.path)},line={finding.position.line},"
        f"col={finding.position.column},title={_property(finding.rule)}::"
        + _text(f"{finding.message}. To mend it: {finding.mend}")
        for finding in outcome.findings
    ]
    lines += [f"::error title=not looked at::{_text(what)}" for what in outcome.unread]
    lines += [
        f"::notice file={_property(i.finding.path)},line={i.finding.position.line},"
        f"title={_property(i.finding.rule)} excused::{_text(i.reason)}"
        for i in outcome.ignored
    ]
    return "\n".join([*lines, f"gitops-secrets: {summary(outcome)}"]) + "\n"


def _text(text: str) -> str:
    return plain(text).replace("%", "%25")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
