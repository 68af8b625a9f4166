"""Findings about files that only earlier commits have: no command for a file helps there."""

from __future__ import annotations

from collections.abc import Container, Sequence

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.commands.policy import revisions
from gitops_secrets.core.guard.look.redaction import HIDDEN
from gitops_secrets.core.guard.record.finding import Finding

_GONE = "only earlier commits have it, and Git keeps them: change what it holds where that is used"


def with_gone(git: Git, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return *findings*, those about a file that the last commit lacks with what helps instead."""
    now = revisions.head(git) if findings else None
    if now is None:
        return tuple(findings)
    held = git.tree(now.id)
    return tuple(f._replace(fix=_GONE) if _is_gone(f, held) else f for f in findings)


def _is_gone(finding: Finding, held: Container[str]) -> bool:
    """Return whether *finding* is about a file that is not *held*; of a path that is shown in part that is not known."""
    return finding.where == "file" and HIDDEN not in finding.path and finding.path not in held
