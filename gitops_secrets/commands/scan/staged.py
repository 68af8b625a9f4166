"""The guard, run over what is staged: every commit waits for it, so little is imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.rawdiff import Change
from gitops_secrets.commands.contents.known import Known
from gitops_secrets.commands.policy.policies import of_index
from gitops_secrets.commands.scan.judging import outcome_of
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.errors import GitOpsSecretsError


def scan_staged(git: Git) -> Outcome:
    """Judge what the next commit would bring: the staged contents, by the staged policy."""
    changes = git.staged()
    if not any(change.new for change in changes) and git.is_bare():
        raise GitOpsSecretsError(
            "this repository is bare: nothing is staged in it",
            "gitops-secrets scan --tree",
            "gitops-secrets scan --history",
        )
    return judge_staged(git, changes, Known(git), git.index)


def judge_staged(
    git: Git, changes: list[Change], known: Known, index: Callable[[], Mapping[str, str]]
) -> Outcome:
    """Judge the staged *changes*, of which some contents may be *known* already.

    *index* is asked for the whole index only where something encrypted is staged.
    """
    return outcome_of(git, "staged files", changes, of_index(git), lambda: [index()], known)
