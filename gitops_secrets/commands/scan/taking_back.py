"""What helps where the finding is in a commit already: a further commit takes nothing out of it."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Finding, Severity


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
    return outcome._replace(way_back=_command(commits[first:]))


def _is_in_commit(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR and finding.where == "file" and bool(finding.commit)


def _command(commits: Sequence[Sequence[str]]) -> str:
    """Return the command for *commits*, each with its parents, oldest first."""
    name, *parents = commits[0]
    if not parents:
        return "git update-ref -d HEAD"
    if any(len(of_commit) > 2 for of_commit in commits):
        return f"git rebase --interactive --rebase-merges {name[:12]}~1"
    return f"git reset --soft {name[:12]}~1"
