"""What Git holds stands for a content that is kept elsewhere, and that was not looked at.

A warning: what was asked for is what this repository holds, and a submodule has a guard of its own. A repository
may set it to an error, which counts as what could not be looked at.
"""

from __future__ import annotations

from gitops_secrets.core.guard.record.facts import Facts, Note
from gitops_secrets.core.guard.record.finding import Severity
from gitops_secrets.core.guard.rules.base import Rule

RULE = Rule(
    "content-elsewhere",
    "what it stands for was not looked at: {detail}",
    "bring it by git lfs pull or git submodule update --init, then: gitops-secrets scan {path}",
    Severity.WARNING,
)


def _facts(detail: str) -> Facts:
    return Facts(notes=(Note(RULE.ident, 1, 1, detail),))


A_POINTER = _facts("Git LFS keeps its content elsewhere")
A_SUBMODULE = _facts("it is a submodule, whose files another repository has")
