"""What one run of the guard says: its reports differ in form only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitops_secrets.core.guard.judge.judgement import Ignored, Judgement
from gitops_secrets.core.guard.record.finding import Finding, Severity
from gitops_secrets.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

_NOT_SEEN = frozenset({"unreadable", "content-elsewhere"})
"""Rules about what could not be looked at."""


class Outcome(NamedTuple):
    """What was looked at, and what was found."""

    what: str
    """What was looked at, in the plural: "staged files"."""
    looked_at: int
    judgement: Judgement
    unread: tuple[str, ...] = ()
    """What could not be looked at, and why; each of them blocks."""
    way_back: str = ""
    """The command that takes back the commits with findings, if only that helps."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is reported, by path and place."""
        return tuple(sorted(self.judgement.findings, key=_place))

    @property
    def ignored(self) -> tuple[Ignored, ...]:
        """What an exception covers, by path and place."""
        return tuple(sorted(self.judgement.ignored, key=lambda i: _place(i.finding)))

    @property
    def exit_code(self) -> ExitCode:
        """The verdict, the same in every form of report."""
        errors = {f.rule for f in self.findings if f.severity is Severity.ERROR}
        if self.unread or not _NOT_SEEN.isdisjoint(errors):
            return ExitCode.REFUSED
        if errors:
            return ExitCode.FINDINGS
        return ExitCode.OK

    def joined(self, other: Outcome) -> Outcome:
        """Return this with all that *other* says; what was looked at is called as here."""
        return Outcome(
            self.what,
            self.looked_at + other.looked_at,
            self.judgement + other.judgement,
            self.unread + other.unread,
            self.way_back or other.way_back,
        )

    def only(self, is_wanted: Callable[[str], bool]) -> Outcome:
        """Return this with the findings of those rules alone of which *is_wanted* is true."""
        kept = Judgement(
            tuple(f for f in self.judgement.findings if is_wanted(f.rule)),
            tuple(i for i in self.judgement.ignored if is_wanted(i.finding.rule)),
        )
        return Outcome(
            self.what, self.looked_at, kept, self.unread, self.way_back if kept.findings else ""
        )


def _place(finding: Finding) -> tuple[str, int, int, str, str]:
    where = finding.position
    return finding.path, where.line, where.column, finding.rule, finding.commit
