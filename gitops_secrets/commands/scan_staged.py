"""The guard, run over what is staged: every commit waits for it, so little is imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitops_secrets.adapters.objects import Git
from gitops_secrets.adapters.rawdiff import Change
from gitops_secrets.commands.judging import Known, outcome_of
from gitops_secrets.commands.policies import of_index
from gitops_secrets.core.outcome import Outcome


def scan_staged(git: Git) -> Outcome:
    """Judge what the next commit would bring: the staged contents, by the staged policy."""
    return judge_staged(git, git.staged(), Known(git), git.index)


def judge_staged(
    git: Git, changes: list[Change], known: Known, index: Callable[[], Mapping[str, str]]
) -> Outcome:
    """Judge the staged *changes*, of which some contents may be *known* already.

    *index* is asked for the whole index only where something encrypted is staged.
    """
    return outcome_of(git, "staged files", changes, of_index(git), index, known)
