"""The guard on a server: every object that a push brings, judged before any ref moves.

The policy is that of the default branch as it was. What a push says about itself, by markers, baseline or
creation rules, excuses nothing, and is listed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from gitops_secrets.adapters.objects import Git
from gitops_secrets.adapters.rawdiff import Change
from gitops_secrets.commands import policies
from gitops_secrets.commands.judging import Judge, Known, outcome_of
from gitops_secrets.commands.messages import scan_messages
from gitops_secrets.commands.policy_changes import policy_changes
from gitops_secrets.core.guard.judgement import Judgement
from gitops_secrets.core.outcome import Outcome
from gitops_secrets.errors import GitOpsSecretsError

ALLOW = "gitops-secrets.allowPolicyChanges"
"""The server's own Git setting: whether a push may change creation rules and exceptions."""


class Update(NamedTuple):
    """One line of a pre-receive's input."""

    old: str
    new: str
    ref: str


def parse_updates(text: bytes) -> list[Update]:
    """Return the lines of a pre-receive's input. Raises GitOpsSecretsError for anything else."""
    updates = []
    for line in os.fsdecode(text).splitlines():
        fields = line.split(" ", 2)
        if len(fields) != 3 or not all(_is_id(field) for field in fields[:2]):
            raise GitOpsSecretsError(
                "standard input is not that of a pre-receive hook",
                "git runs the hook itself; gitops-secrets hooks install --server puts it in place",
            )
        updates.append(Update(*fields))
    return updates


def scan_push(git: Git, updates: Sequence[Update], policy: str | None, *, allow: bool) -> Outcome:
    """Judge what *updates* bring that no ref of the repository reaches yet.

    The policy is that of the default branch as it was, or of the revision *policy*.
    A push may change the policy where *allow* or the server's setting ALLOW says so.
    """
    allowed = allow or _allows(git)
    total = Judgement()
    known = Known(git)
    unread: list[str] = []
    looked_at = 0
    met: set[str] = set()
    for update in updates:
        if not update.new.strip("0"):
            continue
        terms = policies.of_revision(git, _policy(git, update, policy), own_markers=False)
        changes = _changes(git, update)
        known.learn(blob for change in changes for blob in (change.new, *change.old))
        outcome = outcome_of(git, "", changes, terms, partial(git.tree, update.new), known)
        total += outcome.judgement
        told = scan_messages(git, [update.new], ("--not", "--all"), terms.policy)
        total += told.judgement
        unread += told.unread
        moved = _moved(git, update, policy, changes)
        known.learn(blob for change in moved for blob in (change.new, *change.old))
        total += policy_changes(known, [*changes, *moved], allowed=allowed)
        unread += outcome.unread
        looked_at += outcome.looked_at
        met |= {change.new for change in changes}
    rest = [Change(f"(no path: object {blob[:12]})", blob) for blob in _quarantined(git) - met]
    known.learn(change.new for change in rest)
    nothing = policies.of_revision(git, "", own_markers=False)
    total += Judge(known, nothing.policy, nothing.trusted).judge(rest, {})
    return Outcome("pushed contents", looked_at + len(rest), total, tuple(unread))


def _policy(git: Git, update: Update, policy: str | None) -> str:
    """Return the revision whose policy counts, "" where the repository has no branch yet.

    It is the default branch for every ref: a branch that was begun at an old commit has old rules.
    Raises GitOpsSecretsError where HEAD names a branch that is not there beside others that are.
    """
    for revision in (policy, "HEAD", update.old):
        if revision is None or not revision.strip("0"):
            continue
        try:
            return (
                git.ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
                .decode()
                .strip()
            )
        except GitOpsSecretsError:
            if policy is not None:
                raise GitOpsSecretsError(
                    f"there is no commit {policy!r} here to take the policy from",
                    "name a branch of this repository in the hook: gitops-secrets scan --policy main",
                ) from None
    if git.ask("for-each-ref", "--count=1", "refs/heads"):
        raise GitOpsSecretsError(
            "HEAD of this repository names no branch, so none has the policy for a new one",
            "git symbolic-ref HEAD refs/heads/main, on the server",
        )
    return ""


def _changes(git: Git, update: Update) -> list[Change]:
    if git.ask("cat-file", "-t", f"{update.new}^{{}}").strip() != b"commit":
        return []
    return list(git.changes("--not", "--all", ids=[update.new]))


def _moved(git: Git, update: Update, policy: str | None, changes: Sequence[Change]) -> list[Change]:
    """Return what *update* changes besides *changes* in the branch that the policy is taken from.

    Moved back, or to commits that another branch has, it may get other rules without a new commit.
    """
    if not update.old.strip("0"):
        return []
    try:
        named = git.ask("rev-parse", "--symbolic-full-name", policy or "HEAD").decode().strip()
    except GitOpsSecretsError:
        return []
    if update.ref != named:
        return []
    listed = {(change.path, change.new) for change in changes}
    return [c for c in git.compare(update.old, update.new) if (c.path, c.new) not in listed]


def _allows(git: Git) -> bool:
    try:
        return git.ask("config", "--type=bool", "--get", ALLOW).strip() == b"true"
    except GitOpsSecretsError:
        return False


def _quarantined(git: Git) -> set[str]:
    """Return every blob that the push brought, reached by a ref or not: all of them would be kept."""
    if "GIT_QUARANTINE_PATH" not in os.environ:
        return set()
    out = git.ask(
        *("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)"),
        env={
            "GIT_OBJECT_DIRECTORY": os.environ["GIT_QUARANTINE_PATH"],
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
        },
    )
    lines = (line.split(" ") for line in out.decode().splitlines())
    return {name for name, kind in lines if kind == "blob"}


def _is_id(text: str) -> bool:
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")
