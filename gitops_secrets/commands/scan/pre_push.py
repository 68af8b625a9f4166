"""The guard before a push leaves a developer's machine: what the remote does not have yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from gitops_secrets.adapters.git.commits import changes_of
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.commands.contents.known import Known
from gitops_secrets.commands.policy import policies, revisions
from gitops_secrets.commands.scan import pushed
from gitops_secrets.commands.scan.judging import outcome_of, unread_of
from gitops_secrets.commands.scan.messages import scan_messages
from gitops_secrets.commands.scan.taking_back import with_way_back
from gitops_secrets.commands.scan.versions import once
from gitops_secrets.core.guard.judge.judgement import Judgement
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.errors import GitOpsSecretsError

_WHAT = "contents to push"
_LINE = re.compile(
    rb"(?P<source>.*?) (?P<new>[0-9a-f]{40,64}) (?P<ref>[^ \n]+) (?P<old>[0-9a-f]{40,64})\n",
    re.DOTALL,
)
"""What is pushed may be any expression, with blanks and line feeds in it: only what follows tells its end."""


def parse_sent(text: bytes) -> list[str]:
    """Return the objects that a pre-push hook's input sends. Raises GitOpsSecretsError for no such input."""
    sent = []
    at = 0
    while text[at:].strip(b"\n"):
        line = _LINE.match(text, at)
        if line is None:
            raise GitOpsSecretsError(
                "standard input is not that of a pre-push hook",
                "gitops-secrets hooks install",
            )
        at = line.end()
        if line["new"].strip(b"0"):
            sent.append(line["new"].decode())
    return list(dict.fromkeys(sent))


def scan_send(git: Git, remote: str, sent: list[str]) -> Outcome:
    """Judge what *sent* brings that *remote* is not known to have, each commit by the tip's own policy.

    *remote* may be a name or an address; what an address has is not known, and all is judged.
    """
    known = Known(git)
    total = Outcome(_WHAT, 0, Judgement())
    new = ("--not", f"--remotes={remote}")
    kinds = pushed.kinds(git, sent)
    for tip in (tip for tip, kind in kinds.items() if kind == "commit"):
        changes = list(changes_of(git, *new, ids=[tip]))
        terms = policies.of_revision(git, tip, own_markers=True)
        after = partial(_trees, git, tip)
        outcome = outcome_of(git, _WHAT, changes, terms, after, known, before=list)
        total = total.joined(outcome).joined(scan_messages(git, [tip], new, terms.policy))
    whole = _with_the_rest(git, remote, kinds, known, total)
    return with_way_back(git, whole, [tip for tip, kind in kinds.items() if kind == "commit"], new)


def _trees(git: Git, tip: str) -> list[Mapping[str, str]]:
    return [git.tree(tip)]


def _with_the_rest(
    git: Git, remote: str, kinds: dict[str, str], known: Known, total: Outcome
) -> Outcome:
    """Return *total* with what tags bring that name no commit: by the policy of HEAD."""
    named = pushed.without_commit(git, kinds)
    lost = [f"Git has no object {tip[:12]} here" for tip, kind in kinds.items() if not kind]
    head = revisions.head(git) if named else None
    terms = policies.of_revision(git, head.id if head else "", own_markers=True)
    known.learn(change.new for change in named)
    new = pushed.unknown_to(git, remote, named)
    judged = pushed.judge_named(known, terms, named, new)
    others = [tip for tip, kind in kinds.items() if kind not in ("", "commit")]
    told = scan_messages(git, others, (), terms.policy)
    whole = Outcome(
        _WHAT,
        total.looked_at + len(named),
        total.judgement + judged,
        (*total.unread, *unread_of(named, known), *lost),
    )
    return once(git, whole.joined(told))
