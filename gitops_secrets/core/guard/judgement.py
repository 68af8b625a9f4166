"""What the engine answers: findings, and those that somebody's word keeps from being reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gitops_secrets.core.findings import Finding
from gitops_secrets.core.guard.baseline import BaselineEntry

Unchanged = Callable[[BaselineEntry, Finding], bool]
"""Says whether the value at a finding's place is still that of the entry's commit (see same_value)."""


@dataclass(frozen=True)
class Ignored:
    """A finding that is not reported, by whose word and why."""

    finding: Finding
    by: Literal["marker", "baseline"]
    reason: str


@dataclass(frozen=True)
class Judgement:
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

    def __add__(self, other: Judgement) -> Judgement:
        return Judgement(self.findings + other.findings, self.ignored + other.ignored)
