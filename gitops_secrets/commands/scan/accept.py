"""Accepting findings: entries of the baseline, which name a place and a commit and no secret."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from gitops_secrets.adapters.files import read_file, replace_file
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.opening import own_top
from gitops_secrets.commands.policy import revisions
from gitops_secrets.commands.scan.files import scan_tree
from gitops_secrets.core.guard.judge.baseline import BaselineEntry, parse_baseline, render_baseline
from gitops_secrets.core.guard.judge.policy import BASELINE_FILE
from gitops_secrets.errors import UsageError


def accept(git: Git, revision: str, reason: str, expires: date) -> int:
    """Write what is found in *revision* into the work tree's baseline; return how many entries are new.

    Entries already there stay. Raises UsageError for an empty *reason*, GitOpsSecretsError if the
    repository's configuration puts its work tree elsewhere.
    """
    if not reason.strip():
        raise UsageError("an accepted finding needs a reason", "--accept 'why this may stay'")
    commit = revisions.judged(git, revision).id
    author = git.ask("var", "GIT_AUTHOR_IDENT").decode(errors="replace").rpartition(">")[0] + ">"
    found = git.ask("rev-parse", "--show-toplevel").removesuffix(b"\n")
    top = own_top(Path(git.folder), Path(os.fsdecode(found)))
    held = read_file(top, BASELINE_FILE)
    before = parse_baseline(held, BASELINE_FILE) if held is not None else ()
    entries = {
        BaselineEntry(
            rule=finding.rule,
            path=finding.path,
            object=str(finding.object_name or ""),
            key=finding.key_path,
            reason=reason.strip(),
            expires=expires,
            author=author,
            commit=commit,
        )
        for finding in scan_tree(git, commit).findings
    }
    if entries:
        replace_file(top / BASELINE_FILE, render_baseline((*before, *sorted(entries, key=repr))))
    return len(entries)
