"""The guard on a server: every object that a push brings, judged before any ref moves.

The policy is that of the default branch as it was. What a push says about itself, by markers, baseline or
creation rules, excuses nothing, and is listed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from gitops_secrets.adapters.git.commits import changes_of
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.rawdiff import Change
from gitops_secrets.commands.contents.known import Known
from gitops_secrets.commands.policy import policies
from gitops_secrets.commands.policy.changes import policy_changes
from gitops_secrets.commands.policy.protected import Protected, Refs, Update, protected
from gitops_secrets.commands.scan import pushed
from gitops_secrets.commands.scan.judging import outcome_of, unread_of
from gitops_secrets.commands.scan.messages import scan_messages
from gitops_secrets.commands.scan.taking_back import with_way_back
from gitops_secrets.commands.scan.versions import once
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.rules.unjudged.policy_change import ALLOWS
from gitops_secrets.errors import GitOpsSecretsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitops_secrets.core.guard.judge.judgement import Judgement


def parse_updates(text: bytes) -> list[Update]:
    """Return the lines of a pre-receive's input. Raises GitOpsSecretsError for anything else."""
    updates = []
    for line in os.fsdecode(text).removesuffix("\n").split("\n"):
        fields = line.split(" ", 2)
        if len(fields) != 3 or not all(_is_id(field) for field in fields[:2]):
            raise GitOpsSecretsError(
                "standard input is not that of a pre-receive hook",
                "gitops-secrets hooks install --server",
            )
        updates.append(Update(*fields))
    return updates


def scan_push(git: Git, updates: Sequence[Update], policy: str | None, *, allow: bool) -> Outcome:
    """Judge what *updates* bring that no ref of the repository reaches yet, all of it together.

    The policy is that of the default branch as it was, or of the revision *policy*.
    A push may change the policy where *allow* or the server's setting ALLOWS says so.
    """
    refs = Refs(git)
    by = protected(git, refs, policy, updates)
    tips = list(dict.fromkeys(update.new for update in updates if not update.deletes))
    kinds = pushed.kinds(git, tips)
    commits = [tip for tip in tips if kinds[tip] == "commit"]
    changes = list(changes_of(git, "--not", "--all", ids=commits)) if commits else []
    known = Known(git)
    known.learn(blob for change in changes for blob in (change.new, *change.old))
    outcome = outcome_of(
        git,
        "pushed contents",
        changes,
        by.terms,
        lambda: _trees(git, tips, kinds, known=set(refs.objects.values())),
        known,
        before=lambda: _before(git, by, updates),
    )
    quarantine = pushed.quarantined(git)
    new = quarantine.blobs if quarantine else None
    rest, judged = _without_commit(git, by, kinds, changes, known, new)
    moved = [change for update in updates for change in _moved(git, refs, by, update)]
    listed = {(change.path, change.new) for change in changes}
    moved = [change for change in moved if (change.path, change.new) not in listed]
    known.learn(blob for change in moved for blob in (change.new, *change.old))
    brought = [c for c in changes if by.commit or not policies.is_rules(c.path)]
    changed = policy_changes(known, [*brought, *moved], allowed=allow or _allows(git))
    told = scan_messages(
        git,
        [tip for tip in tips if kinds[tip]],
        ("--not", "--all"),
        by.terms.policy,
        others=quarantine.messages if quarantine else (),
    )
    total = Outcome(
        outcome.what,
        outcome.looked_at + len(rest),
        outcome.judgement + judged + changed,
        (*outcome.unread, *unread_of(rest, known), *_lost(updates, kinds)),
    )
    return with_way_back(git, once(git, total.joined(told)), commits, ("--not", "--all"))


def _trees(
    git: Git, tips: Sequence[str], kinds: Mapping[str, str], *, known: set[str]
) -> list[Mapping[str, str]]:
    """Return the trees that the push leads to, less those that a ref had already."""
    return [git.tree(tip) for tip in tips if kinds[tip] in ("commit", "tree") and tip not in known]


def _before(git: Git, by: Protected, updates: Sequence[Update]) -> list[Mapping[str, str]]:
    """Return the trees that were there: of the protected branch, and of each branch that is updated."""
    old = {update.old for update in updates if update.ref.startswith("refs/heads/")}
    commits = {by.commit} | {commit for commit in old if commit.strip("0")}
    return [git.tree(commit) for commit in sorted(commits) if commit]


def _without_commit(
    git: Git,
    by: Protected,
    kinds: Mapping[str, str],
    changes: Sequence[Change],
    known: Known,
    new: set[str] | None,
) -> tuple[list[Change], Judgement]:
    """Return what came without a commit that has it at a path, and the verdict on it.

    The path of what is new is not known, or known from the tree downwards only that a tag names.
    *new* are the blobs that the push brought, None if that is not known.
    """
    named = pushed.without_commit(git, kinds)
    met = {change.new for change in (*changes, *named)}
    named += [pushed.no_path(blob) for blob in sorted((new or set()) - met)]
    known.learn(change.new for change in named)
    return named, pushed.judge_named(known, by.terms, named, new)


def _moved(git: Git, refs: Refs, by: Protected, update: Update) -> list[Change]:
    """Return what *update* changes in the branch that the policy is taken from, commit or no commit.

    Moved back, or to commits that another branch has, it may get other rules without a new commit;
    and once it is gone, whoever makes it again brings new ones.
    """
    if not by.commit or not by.guards(refs.meant(update.ref)):
        return []
    old = by.commit if update.creates else update.old
    if not update.deletes:
        changes = git.compare(old, update.new)
        return [c for c in changes if not update.creates or policies.is_policy(c.path)]
    files = git.tree(old).items()
    return [Change(path, "", (blob,)) for path, blob in files if policies.is_policy(path)]


def _lost(updates: Sequence[Update], kinds: Mapping[str, str]) -> list[str]:
    return [
        f"{update.ref}: Git has no object {update.new[:12]} here, or not what it leads to"
        for update in updates
        if not update.deletes and not kinds[update.new]
    ]


def _allows(git: Git) -> bool:
    try:
        return git.ask("config", "--type=bool", "--get", ALLOWS).strip() == b"true"
    except GitOpsSecretsError:
        return False


def _is_id(text: str) -> bool:
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")
