"""What helps where the finding is in a commit already: a further commit takes nothing out of it."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.commands.repository.takingback import take_back_command
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Finding, Severity
from gitops_secrets.core.guard.rules.unjudged.policy_change import RULE


def with_way_back(git: Git, outcome: Outcome, tips: Sequence[str], new: Sequence[str]) -> Outcome:
    """Return *outcome*, about commits that *tips* reach less what *new* excludes, with the command that takes them back.

    The command keeps index and work tree. It begins at the oldest commit with an error in a file. There is
    none for several tips, since it is about the branch that is checked out.
    """
    bad = {c for f in outcome.findings if _is_in_commit(f) for c in (f.commit, *f.commits)}
    if not bad or len(tips) != 1:
        return outcome
    listed = git.ask("rev-list", "--topo-order", "--reverse", "--parents", tips[0], *new)
    commits = [line.split() for line in listed.decode().splitlines()]
    first = next((at for at, (name, *_) in enumerate(commits) if name in bad), None)
    if first is None:
        return outcome
    return outcome._replace(way_back=take_back_command(commits[first:]))


def _is_in_commit(finding: Finding) -> bool:
    """Return whether a commit holds *finding* for good: a change of policy is only refused, and may be allowed."""
    is_error = finding.severity is Severity.ERROR and finding.rule != RULE.ident
    return is_error and finding.where == "file" and bool(finding.commit)
