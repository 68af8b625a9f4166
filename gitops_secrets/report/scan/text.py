"""The report for people: a line for each finding, and a hint below those that it fixes."""

from __future__ import annotations

from gitops_secrets.core.guard.judge.policy import SETTINGS_FILE
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Finding, Severity
from gitops_secrets.report.words import count, from_here, plain

_NAMED = 5
"""How many of the commits that kept a line are named."""
_KEPT = "note: a new commit does not remove what these commits hold. Take them back, fix the files, and commit again."
_BY = {"marker": "its marker", "baseline": "the baseline", "settings": SETTINGS_FILE}
"""Whose word keeps a finding from being reported."""


def render(outcome: Outcome, way: str = "") -> str:
    """Return the report; from the folder of its reader, *way* leads to the top of the repository."""
    lines = []
    following = [*outcome.findings[1:], None]
    for finding, after in zip(outcome.findings, following, strict=False):
        where = f"{plain(finding.path)}:{finding.position.line}:{finding.position.column}"
        lines.append(f"{where}: {finding.severity}[{finding.rule}]: {plain(finding.message)}")
        if finding.commit and finding.where == "file":
            lines.append(f"    since commit {finding.commit[:12]}{_also(finding)}")
        if after is None or (after.path, after.fix) != (finding.path, finding.fix):
            # One command fixes all that it is about: of a Secret, each value is a finding.
            lines.append(f"    hint: {plain(from_here(finding.fix, way))}")
    lines += [
        f"{plain(i.finding.path)}:{i.finding.position.line}: excused[{i.finding.rule}] by "
        f"{_BY[i.by]}: {plain(i.reason)}"
        for i in outcome.ignored
    ]
    lines += [f"error: not looked at: {plain(what)}" for what in outcome.unread]
    if outcome.way_back:
        lines += [_KEPT, f"    hint: {outcome.way_back}"]
    return "\n".join([*lines, f"gitops-secrets: {summary(outcome)}"]) + "\n"


def _also(finding: Finding) -> str:
    """Return the further commits that brought a version of the file with the same line."""
    later = finding.commits[1:]
    if not later:
        return ""
    named = ", ".join(commit[:12] for commit in later[:_NAMED])
    rest = f" and {len(later) - _NAMED} more" if len(later) > _NAMED else ""
    return f", also in {named}{rest}"


def summary(outcome: Outcome) -> str:
    """Return the last line: what was looked at, what was found, what is excused."""
    said = [f"looked at {count(outcome.looked_at, outcome.what)}"]
    said.append(count(len(outcome.findings), "findings") if outcome.findings else "nothing found")
    warnings = sum(f.severity is Severity.WARNING for f in outcome.findings)
    if warnings:
        said.append(f"{count(warnings, 'warnings')} among them")
    for by, how in (
        ("marker", "excused by inline markers"),
        ("baseline", "excused by the baseline"),
        ("settings", f"turned off by {SETTINGS_FILE}"),
    ):
        excused = sum(i.by == by for i in outcome.ignored)
        if excused:
            said.append(f"{excused} {how}")
    if outcome.unread:
        said.append(f"{len(outcome.unread)} could not be looked at")
    return ", ".join(said)


def with_hint(finding: Finding) -> str:
    """Return the message of *finding* and its hint in one line."""
    return f"{finding.message}; hint: {finding.fix}"
