"""Changes of what later changes are judged by: listed, and findings unless somebody allows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gitops_secrets.adapters.git.rawdiff import Change
from gitops_secrets.commands.contents.known import Known
from gitops_secrets.commands.contents.telling import Judged
from gitops_secrets.commands.policy.policies import is_policy
from gitops_secrets.core.guard.judge.judgement import Judgement
from gitops_secrets.core.guard.record.finding import Severity
from gitops_secrets.core.guard.rules import verdict


def policy_changes(known: Known, changes: Iterable[Change], *, allowed: bool) -> Judgement:
    """Return a finding for each change of creation rules, settings, baseline or markers; warnings if *allowed*.

    The contents of *changes* are known, new and old.
    """
    found: list[Judged] = []
    for change in changes:
        if is_policy(change.path):
            line, what = 1, "the file itself"
        else:
            line = _new_marker(known, change)
            what = "a new inline marker"
        if line:
            finding = verdict.finding(change.path, "policy-change", line, 1, None, (), what)
            severity = Severity.WARNING if allowed else Severity.ERROR
            told = finding._replace(severity=severity, commit=change.commit)
            found.append((change, Judgement((told,))))
    return Judgement(tuple(f for j in known.telling.tell(found) for f in j.findings))


def _new_marker(known: Known, change: Change) -> int:
    """Return the line of the first marker that the path did not have before, 0 where there is none.

    A marker that is there once more than before is new.
    """
    left = Counter((m.rule, m.reason) for blob in change.old for m in known.of(blob).markers)
    for marker in known.of(change.new).markers:
        if not left[marker.rule, marker.reason]:
            return marker.line
        left[marker.rule, marker.reason] -= 1
    return 0
