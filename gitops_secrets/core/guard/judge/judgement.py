"""What the engine answers: findings, and those that somebody's word keeps from being reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from gitops_secrets.core.guard.record.finding import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.core.guard.judge.baseline import BaselineEntry
    from gitops_secrets.core.guard.record.facts import Marker

    Covers = Callable[[Marker, Finding], bool]
    """Says whether a marker, which names a finding's rule and line, excuses the value that is there."""
    Unchanged = Callable[[BaselineEntry, Finding], bool]
    """Says whether the value at a finding's place is still that of the entry's commit (see same_value)."""


class Ignored(NamedTuple):
    """A finding that is not reported, by whose word and why."""

    finding: Finding
    by: Literal["marker", "baseline", "settings"]
    reason: str


class Judgement(NamedTuple):
    """What is reported, and what is not: every report counts both."""

    findings: tuple[Finding, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    @property
    def ignored_by_marker(self) -> tuple[Ignored, ...]:
        """Those that an inline marker excuses."""
        return tuple(i for i in self.ignored if i.by == "marker")

    @property
    def ignored_by_baseline(self) -> tuple[Ignored, ...]:
        """Those that the baseline excuses."""
        return tuple(i for i in self.ignored if i.by == "baseline")

    def at_commit(self, commit: str) -> Judgement:
        """Return this as that of what *commit* brought."""
        return Judgement(
            tuple(f._replace(commit=commit) for f in self.findings),
            tuple(i._replace(finding=i.finding._replace(commit=commit)) for i in self.ignored),
        )

    def __add__(self, other: Judgement) -> Judgement:  # type: ignore[override]
        return Judgement(self.findings + other.findings, self.ignored + other.ignored)
