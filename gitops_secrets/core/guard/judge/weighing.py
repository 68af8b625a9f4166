"""Findings held against what the repository says: the settings of rules, inline markers, then the baseline."""

from __future__ import annotations

from gitops_secrets.core.guard.judge.judgement import Ignored, Judgement
from gitops_secrets.core.guard.judge.policy import SETTINGS_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitops_secrets.core.guard.judge.baseline import BaselineEntry
    from gitops_secrets.core.guard.judge.judgement import Covers, Unchanged
    from gitops_secrets.core.guard.judge.policy import Policy
    from gitops_secrets.core.guard.record.facts import Facts, Marker
    from gitops_secrets.core.guard.record.finding import Finding

UNEXCUSABLE = frozenset({"marker-without-reason", "policy-change"})
"""Rules about exceptions themselves, which no exception covers."""


def weigh(
    findings: Iterable[Finding],
    facts: Facts,
    policy: Policy,
    covers: Covers | None,
    unchanged: Unchanged,
) -> Judgement:
    """Part *findings*, in the order of their places, into reported and ignored ones."""
    reported: list[Finding] = []
    ignored: list[Ignored] = []
    for found in sorted(findings, key=lambda f: (f.position.line, f.position.column, f.rule)):
        setting = policy.setting(found.rule, found.path)
        if setting is not None and setting.is_off:
            ignored.append(Ignored(found, "settings", setting.reason))
            continue
        if setting is not None:
            found = setting.applied(found, SETTINGS_FILE)  # noqa: PLW2901
        marker = _marker(found, facts.markers, covers)
        if marker is not None:
            ignored.append(Ignored(found, "marker", marker.reason))
            continue
        entry = _entry(found, policy, unchanged)
        if entry is not None:
            ignored.append(Ignored(found, "baseline", entry.reason))
            continue
        reported.append(found)
    return Judgement(tuple(reported), tuple(ignored))


def marked(findings: Iterable[Finding], facts: Facts) -> Iterator[tuple[Marker, Finding]]:
    """Yield each of *findings* that a marker of its own content excuses, with that marker."""
    for found in findings:
        marker = _marker(found, facts.markers, None)
        if marker is not None:
            yield marker, found


def _marker(found: Finding, markers: Iterable[Marker], covers: Covers | None) -> Marker | None:
    if found.rule in UNEXCUSABLE:
        return None
    for marker in markers:
        if marker.rule != found.rule or not marker.reason:
            continue
        if found.position.line not in (marker.line, marker.covers):
            continue
        if covers is None or covers(marker, found):
            return marker
    return None


def _entry(found: Finding, policy: Policy, unchanged: Unchanged) -> BaselineEntry | None:
    today = policy.today
    if found.rule in UNEXCUSABLE or today is None:
        return None
    place = (found.rule, found.path, str(found.object_name or ""), found.key_path)
    for entry in policy.baseline_entries:
        if (entry.rule, entry.path, entry.object, entry.key) != place:
            continue
        if entry.expires >= today and unchanged(entry, found):
            return entry
    return None
