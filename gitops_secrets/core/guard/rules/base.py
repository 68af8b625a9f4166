"""What a rule is."""

from __future__ import annotations

from typing import NamedTuple

from gitops_secrets.core.guard.record.finding import Severity

ENCRYPT = "gitops-secrets encrypt {path} && git add {path}"
UNTRACK = "git rm --cached {path}"


class Rule(NamedTuple):
    """One rule: its identifier, what it says, and what mends it."""

    ident: str
    message: str
    """With ``{object}`` for the object, or the file where there is none, and ``{detail}``."""
    mend: str
    """With ``{path}``, quoted for a shell."""
    severity: Severity = Severity.ERROR
