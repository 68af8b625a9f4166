"""What a rule is."""

from __future__ import annotations

from typing import NamedTuple

from gitops_secrets.core.guard.record.finding import Severity

ENCRYPT = "gitops-secrets encrypt {path} && git add {path}"
ENCRYPT_BY_NEW_RULE = "gitops-secrets encrypt --add-rule {path} && git add {path} .sops.yaml"
"""For what no creation rule need be for: one that is there is used, and the option adds nothing."""
RENEW = "gitops-secrets encrypt --ignore-mac {path} && git add {path}"
RESTORE = "git checkout HEAD -- {pathspec}"
"""During a merge HEAD is our side; MERGE_HEAD is theirs. ``--ours`` does nothing once the file is staged."""
RESOLVE = "gitops-secrets resolve {path} --ours && git add {path}"
"""Merges both sides by value, with ours for the keys that both changed."""
UNTRACK = "git rm --cached --force -- {pathspec}"
"""By force, since the file may have been changed again since it was staged; it stays in the work tree."""
MOVE = "take the value out of {path}: keep it in a Secret, encrypt that, and refer to it"


class Rule(NamedTuple):
    """One rule: its identifier, what it says, and what fixes it."""

    ident: str
    message: str
    """With ``{object}`` for the object, or the file where there is none, and ``{detail}``."""
    fix: str
    """With ``{path}`` and ``{pathspec}``, each quoted for a shell."""
    severity: Severity = Severity.ERROR
    elsewhere: str = ""
    """Instead of *fix* for what does not stand in a Secret, which alone can be encrypted."""
