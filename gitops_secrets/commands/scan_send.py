"""The guard before a push leaves a developer's machine: the commits that the remote does not have."""

from __future__ import annotations

import os
from functools import partial

from gitops_secrets.adapters.objects import Git
from gitops_secrets.commands import policies
from gitops_secrets.commands.judging import Known, outcome_of
from gitops_secrets.commands.messages import scan_messages
from gitops_secrets.core.guard.judgement import Judgement
from gitops_secrets.core.guard.policy import Policy
from gitops_secrets.core.outcome import Outcome
from gitops_secrets.errors import GitOpsSecretsError


def parse_sent(text: bytes) -> list[str]:
    """Return the commits that a pre-push hook's input sends. Raises GitOpsSecretsError for no such input."""
    sent = []
    for line in os.fsdecode(text).splitlines():
        fields = line.split(" ")
        if not line:
            continue
        if len(fields) != 4:
            raise GitOpsSecretsError(
                "standard input is not that of a pre-push hook",
                "git runs the hook itself; gitops-secrets hooks install puts it in place",
            )
        if fields[1].strip("0"):
            sent.append(fields[1])
    return list(dict.fromkeys(sent))


def scan_send(git: Git, remote: str, sent: list[str]) -> Outcome:
    """Judge the commits *sent* less those that *remote* is known to have, each by the tip's own policy.

    *remote* may be a name or an address; what an address has is not known, and all is judged.
    """
    known = Known(git)
    total = Outcome("contents to push", 0, Judgement())
    for tip in sent:
        new = ("--not", f"--remotes={remote}")
        if git.ask("cat-file", "-t", f"{tip}^{{}}").strip() != b"commit":
            total = total.joined(scan_messages(git, [tip], new, Policy()))
            continue
        changes = list(git.changes(*new, ids=[tip]))
        terms = policies.of_revision(git, tip, own_markers=True)
        outcome = outcome_of(git, total.what, changes, terms, partial(git.tree, tip), known)
        total = total.joined(outcome).joined(scan_messages(git, [tip], new, terms.policy))
    return total
