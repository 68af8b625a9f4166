"""The signatures of what was looked at: who may sign is said by the user, or by a revision that is not judged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.ancestry import ancestry
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.git.signatures import OwnSettings, check_signatures, own_settings
from gitops_secrets.commands.contents.known import read_whole
from gitops_secrets.commands.policy import revisions
from gitops_secrets.commands.verify.gather import Scope
from gitops_secrets.core.guard.judge.policy import SETTINGS_FILE
from gitops_secrets.core.guard.judge.settings import parse_signing
from gitops_secrets.core.guard.judge.signing import Signing
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.verify.lastchange import History
from gitops_secrets.core.verify.signatures import Signers
from gitops_secrets.core.verify.signing import Changed, Need, check_need, commits_of, uncommitted
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class Trust(NamedTuple):
    """Where it is said who may sign."""

    policy: str | None = None
    """A revision whose settings and allowed signers count; None for the beginning of a range, if there is one."""
    allowed_signers: Path | None = None
    signers: Sequence[str] = ()
    """Keys, in addition to those of the settings."""


class Signed(NamedTuple):
    """What the signatures show."""

    findings: tuple[Finding, ...]
    unread: tuple[str, ...]
    needed: int
    """How many files need a signature."""


def check_signed(
    repository: Repository, git: Git, scope: Scope, paths: Iterable[str], trust: Trust
) -> Signed:
    """Hold each of *paths* against the signatures of the commits that last changed it.

    Raises GitOpsSecretsError if nobody is named who may sign, or signatures cannot be checked.
    """
    own = own_settings(repository)
    signing, signers, allowed = _trusted(repository, git, scope, trust, own)
    ruled = {path: rule for path in sorted(paths) if (rule := signing.rule_for(path)) is not None}
    head = revisions.head(git)
    tip = scope.history[0] if scope.begins else (head.id if head else "")
    held = git.tree(tip) if tip else {}
    findings = list(_uncommitted(git, scope, held, ruled))
    left = sorted(ruled.keys() - {finding.path for finding in findings})
    if not left:
        return Signed(tuple(findings), (), len(ruled))
    history = ancestry(git, tip, left)
    brought = history.brought_by() if any(ruled[p].signers > 1 for p in left) else {}
    needs, unread = [], []
    for path in left:
        changes = history.last_changes(path)
        ends = _ends_early(git, history, changes)
        if ends:
            unread.append(f"{path}: the history of this shallow clone ends with {ends[:10]}, which may not be "
                          "what last changed it; git fetch --unshallow brings the rest")  # fmt: skip
            continue
        needs.append(Need(path, ruled[path], tuple(Changed(c, brought.get(c, c)) for c in changes)))
    signatures = check_signatures(repository, own, allowed, commits_of(needs))
    findings += (f for need in needs for f in check_need(need, signers, signatures))
    return Signed(tuple(findings), tuple(unread), len(ruled))


def _ends_early(git: Git, history: History, changes: Sequence[str]) -> str:
    """Return which of *changes* only seems to be one, because a shallow clone has no commit before it."""
    roots = [commit for commit in changes if not history.commits[commit].parents]
    if not roots or not git.is_shallow():
        return ""
    for root in roots:
        head = git.ask("cat-file", "commit", root).partition(b"\n\n")[0]
        if b"\nparent " in head:
            return root
    return ""


def _uncommitted(
    git: Git, scope: Scope, held: Mapping[str, str], paths: Iterable[str]
) -> Iterator[Finding]:
    """Yield the files of the work tree that are not as the last commit has them."""
    if scope.begins:
        return
    read = read_whole(git, [held[path] for path in paths if path in held])
    for path in paths:
        if path not in held:
            yield uncommitted(path, "it is not committed, so nobody has signed it")
        elif read.get(held[path]) != scope.contents[path]:
            yield uncommitted(path, "it differs from the last commit, so nobody has signed it")


def _trusted(
    repository: Repository, git: Git, scope: Scope, trust: Trust, own: OwnSettings
) -> tuple[Signing, Signers, bytes]:
    """Return what the settings ask for, who may sign, and the file of allowed signers."""
    source = revisions.trusted(git, trust.policy).id if trust.policy else scope.begins
    content = _at(git, source, SETTINGS_FILE) if source else None
    signing = parse_signing(content, SETTINGS_FILE) if content is not None else Signing()
    allowed = b""
    file = trust.allowed_signers
    if file is None and signing.allowed_signers:
        found = _at(git, source, signing.allowed_signers)
        if found is None:
            raise GitOpsSecretsError(
                f"{SETTINGS_FILE} of commit {source[:10]} names {signing.allowed_signers}, which is not there",
                "--allowed-signers FILE",
            )
        allowed = found
    elif file is not None or own.allowed_signers is not None:
        allowed = _read(repository, file or own.allowed_signers or Path())
    persons = {name: keys for name, keys in signing.signers if name}
    signers = Signers({**persons, **{key: (key,) for key in trust.signers}}, not persons)
    if not signers.persons and not allowed.strip():
        raise GitOpsSecretsError(
            "nobody is named who may sign, so no signature can count",
            "--policy origin/main",
            "--allowed-signers FILE",
            "--signer FINGERPRINT",
        )
    return signing, signers, allowed


def _at(git: Git, revision: str, path: str) -> bytes | None:
    """Return what *revision* has at *path*. Raises GitOpsSecretsError if its content is not here."""
    blob = git.blob_at(revision, path)
    if not blob:
        return None
    content = read_whole(git, [blob]).get(blob)
    if content is None:
        raise GitOpsSecretsError(
            f"{path}: Git has no content {blob[:12]} here, and who may sign stands in it",
            "git fetch --refetch --no-filter",
        )
    return content


def _read(repository: Repository, file: Path) -> bytes:
    """Return the user's own file of allowed signers. Raises GitOpsSecretsError for one that the change could bring."""
    if Path(os.path.realpath(file)).is_relative_to(os.path.realpath(repository.top)):
        raise GitOpsSecretsError(
            f"{file} lies in the work tree that is looked at, whose commits would decide who may sign",
            "--policy origin/main",
        )
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
