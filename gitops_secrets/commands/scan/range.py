"""The guard in CI: every commit that a branch brings, by the policy of the branch that it goes to."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_secrets.adapters.git.commits import changes_of
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.rawdiff import Change
from gitops_secrets.commands.contents.known import Known
from gitops_secrets.commands.policy import policies, revisions
from gitops_secrets.commands.policy.changes import policy_changes
from gitops_secrets.commands.policy.policies import is_policy
from gitops_secrets.commands.scan.judging import outcome_of
from gitops_secrets.commands.scan.messages import scan_messages
from gitops_secrets.commands.scan.taking_back import with_way_back
from gitops_secrets.commands.scan.versions import once
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.errors import GitOpsSecretsError


def scan_range(git: Git, span: str, policy: str | None, *, allow: bool) -> Outcome:
    """Judge every commit of *span* (A..B) by the policy of A as it was, or of the revision *policy*.

    With *allow* they may change the policy. Raises UsageError if *span* is no range.
    """
    before, last = revisions.ends(git, span, "gitops-secrets scan --range")
    after = last.id
    source = revisions.trusted(git, policy).id if policy else before.id
    changes = list(changes_of(git, f"{before.id}..{after}"))
    terms = policies.of_revision(git, source, own_markers=False)
    known = Known(git)
    known.learn(blob for change in changes for blob in change.old)
    tree, held = git.tree(after), git.tree(before.id)
    outcome = outcome_of(
        git, "changed files", changes, terms, lambda: [tree], known, before=lambda: [held]
    )
    ends = _between_ends(git, before, after, held, tree, changes)
    changed = policy_changes(known, [*changes, *ends], allowed=allow)
    told = scan_messages(git, [after], (f"^{before.id}",), terms.policy)
    whole = once(git, outcome._replace(judgement=outcome.judgement + changed).joined(told))
    return with_way_back(git, whole, [after], (f"^{before.id}",))


def _between_ends(
    git: Git,
    before: revisions.Revision,
    after: str,
    held: Mapping[str, str],
    tree: Mapping[str, str],
    changes: list[Change],
) -> list[Change]:
    """Return the changes of policy files that no commit shows: a merge may take an older file over.

    A branch that never touched a file keeps what it began with, and merging it changes nothing.
    """
    bases = [git.tree(commit) for commit in _beginnings(git, before, after)] or [{}]
    listed = {change.path for change in changes}
    paths = sorted({p for files in (held, tree, *bases) for p in files if is_policy(p)} - listed)
    return [
        Change(path, tree.get(path, ""), (held[path],) if path in held else ())
        for path in paths
        if tree.get(path) != held.get(path)
        and any(tree.get(path) != base.get(path) for base in bases)
    ]


def _beginnings(git: Git, before: revisions.Revision, after: str) -> list[str]:
    """Return the commits from which *after* is to be merged into the branch that is at *before*.

    *before* itself, if no branch is there any more: then the branch was moved from it to *after*.
    """
    shallow = git.is_shallow()
    is_branch = before.ref.startswith(("refs/heads/", "refs/remotes/"))
    if shallow or not (is_branch or _is_on_a_branch(git, before.id)):
        return [before.id]
    try:
        return git.ask("merge-base", "--all", before.id, after).decode().split()
    except GitOpsSecretsError:
        return []


def _is_on_a_branch(git: Git, commit: str) -> bool:
    kinds = ("refs/heads", "refs/remotes")
    return bool(git.ask("for-each-ref", "--count=1", "--contains", commit, *kinds))
