"""What a check says."""

from __future__ import annotations

from typing import NamedTuple

ERROR, WARNING = "error", "warning"


class Diagnosis(NamedTuple):
    """One thing that is wrong, where that is seen, and what mends it."""

    check: str
    severity: str
    """ERROR where a pull or a decryption fails, or Flux stops; WARNING where it may."""
    message: str
    evidence: tuple[str, ...]
    """Places, as FILE or FILE:LINE."""
    mend: str
    """A command that works, or the edit."""
