"""The report as GitHub's workflow commands: annotations on the lines of a pull request."""

from __future__ import annotations

from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.report.scan.text import summary, with_hint
from gitops_secrets.report.words import plain


def render(outcome: Outcome) -> str:
    """Return the report."""
    lines = [
        f"::{finding.severity} {_place(finding)}title={_property(finding.rule)}::"
        + _text(f"{_named(finding)}{with_hint(finding)}")
        for finding in outcome.findings
    ]
    lines += [f"::error title=not looked at::{_text(what)}" for what in outcome.unread]
    lines += [
        f"::notice {_place(i.finding)}title={_property(i.finding.rule)} excused::"
        + _text(f"{_named(i.finding)}{i.reason}")
        for i in outcome.ignored
    ]
    return "\n".join([*lines, f"gitops-secrets: {summary(outcome)}"]) + "\n"


def _place(finding: Finding) -> str:
    """Return the properties by which GitHub finds a line; what is in no file has none."""
    if finding.where != "file":
        return ""
    return (
        f"file={_property(finding.path)},line={finding.position.line},"
        f"col={finding.position.column},"
    )


def _named(finding: Finding) -> str:
    where = f"{finding.path}:{finding.position.line}: "
    return "" if finding.where == "file" else where


def _text(text: str) -> str:
    return plain(text).replace("%", "%25")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
