"""What a check says."""

from __future__ import annotations

from typing import NamedTuple

from gitops_secrets.core.guard.record.finding import Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING


class Diagnosis(NamedTuple):
    """One thing that is wrong, the places that show it, and what fixes it."""

    check: str
    severity: Severity
    """ERROR where a pull or a decryption fails, or Flux stops; WARNING where it may."""
    message: str
    evidence: tuple[str, ...]
    """Places, as FILE or FILE:LINE."""
    fix: str
    """A command that works, or the edit."""
