"""The report as JUnit XML: a finding is a failure, what could not be looked at an error."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Severity
from gitops_secrets.report.scan.text import summary, with_hint
from gitops_secrets.report.words import plain


def render(outcome: Outcome) -> str:
    """Return the report."""
    cases = []
    for finding in outcome.findings:
        name = f"{finding.path}:{finding.position.line} {finding.rule}"
        text = with_hint(finding)
        failure = f"<failure type={_quoted(finding.rule)} message={_quoted(text)}/>"
        warning = f"<system-out>{escape(plain(text))}</system-out>"
        cases.append(_case(name, failure if finding.severity is Severity.ERROR else warning))
    cases += [
        _case(
            f"{i.finding.path}:{i.finding.position.line} {i.finding.rule}",
            f"<skipped message={_quoted(i.reason)}/>",
        )
        for i in outcome.ignored
    ]
    cases += [
        _case(what.partition(":")[0], f'<error type="not-looked-at" message={_quoted(what)}/>')
        for what in outcome.unread
    ]
    cases = cases or [_case(summary(outcome), "")]
    failures = sum("<failure" in case for case in cases)
    suite = (
        f'<testsuite name="gitops-secrets" tests="{len(cases)}" failures="{failures}" '
        f'errors="{len(outcome.unread)}" skipped="{len(outcome.ignored)}">'
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return "\n".join([head, "<testsuites>", suite, *cases, "</testsuite>", "</testsuites>"]) + "\n"


def _case(name: str, inner: str) -> str:
    return f'<testcase classname="gitops-secrets.scan" name={_quoted(name)}>{inner}</testcase>'


def _quoted(text: str) -> str:
    return quoteattr(plain(text))
