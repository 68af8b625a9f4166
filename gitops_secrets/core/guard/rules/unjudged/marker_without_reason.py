"""An inline exception that names no reason or no known rule, and so excuses nothing."""

from __future__ import annotations

from gitops_secrets.core.guard.record.finding import Severity
from gitops_secrets.core.guard.rules.base import Rule

RULE = Rule(
    "marker-without-reason",
    "this exception excuses nothing: {detail}",
    "write: gitops-secrets: ignore[RULE] REASON",
    Severity.WARNING,
)
