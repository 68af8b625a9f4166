"""``verify --fix``: the files that are not as their creation rules say are brought to them, all or none."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitops_secrets.adapters.files import read_file
from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.sops.binary import find_sops
from gitops_secrets.adapters.sops.program import refuse_outranking
from gitops_secrets.adapters.writing.transaction import (
    cleared_up,
    open_transaction,
    refuse_half_way,
)
from gitops_secrets.commands.secrets.file import SecretFile
from gitops_secrets.commands.secrets.readable import seen_by_git
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.commands.verify.bringing import Bringer
from gitops_secrets.commands.verify.gather import Scope
from gitops_secrets.commands.verify.run import Request, Verified, look, verify
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.verify.fixing import Fixed, Left, Repair, sort_out
from gitops_secrets.core.verify.rules import Rules
from gitops_secrets.errors import GitOpsSecretsError, UsageError

Confirm = Callable[[Sequence[Fixed]], bool]
"""Is asked before somebody can read what only others could; says whether that is meant."""


class Outcome(NamedTuple):
    """What was fixed and left, or in a dry run would be."""

    fixed: tuple[Fixed, ...]
    left: tuple[Left, ...]
    notes: tuple[str, ...]
    verified: Verified
    """What verify says afterwards; in a dry run, of the files as they are."""
    dry_run: bool


class _Plan(NamedTuple):
    fixed: tuple[Fixed, ...]
    left: tuple[Left, ...]
    notes: tuple[str, ...]


def fix(request: Request, confirm: Confirm, *, dry_run: bool) -> Outcome:
    """Bring the files that *request* means to their creation rules, in the work tree, all of them or none.

    A file that was changed by other hands is left as it is. Raises UsageError for an invalid request, and
    GitOpsSecretsError if no identity at hand opens one of the files; then nothing is written.
    """
    _refuse_without_files(request)
    repository = open_repository(request.folder)
    if dry_run:
        refuse_half_way(repository)
    with cleared_up(repository) as recovered:
        outcome = _fix(request, repository, confirm, dry_run=dry_run)
    notes = (recovered,) if recovered else ()
    return outcome._replace(notes=(*notes, *outcome.notes))


def _fix(request: Request, repository: Repository, confirm: Confirm, *, dry_run: bool) -> Outcome:
    verified, scope = look(request)
    repairs, left = sort_out(
        verified.outcome.findings, [ignored.finding for ignored in verified.outcome.ignored]
    )
    if not repairs:
        return Outcome((), left, (), verified, dry_run)
    refuse_outranking()
    find_sops()
    held = {**scope.contents, **scope.plain}
    # What was judged is what is encrypted: nothing is read a second time.
    tree = Overlay((), lambda path: held[path] if path in held else read_file(repository.top, path))
    plan = _plan(request, repository, scope, tree, repairs)
    outcome = Outcome(plan.fixed, (*left, *plan.left), plan.notes, verified, dry_run)
    widening = [fixed for fixed in plan.fixed if fixed.widens]
    if dry_run or not plan.fixed:
        return outcome
    if widening and not confirm(widening):
        raise GitOpsSecretsError(
            "not confirmed, and nothing was written", "gitops-secrets verify --fix --dry-run"
        )
    with open_transaction(repository) as transaction:
        transaction.write(tree.changes())
    return outcome._replace(verified=verify(request))


def _plan(
    request: Request,
    repository: Repository,
    scope: Scope,
    tree: Overlay,
    repairs: Sequence[Repair],
) -> _Plan:
    fixed, left, notes = list[Fixed](), list[Left](), list[str]()
    with Sealer(tree, Keyring(request.identity_file)) as sealer:
        committed = lambda path: repository.contents("HEAD", [path])[1][path]  # noqa: E731
        bringer = Bringer(Rules(scope.configs), tree, sealer, committed)
        for number, repair in enumerate(repairs, 1):
            path = repair.path
            request.progress(f"fixing file {number} of {len(repairs)}")
            content = tree.read(path) or b""
            if not os.path.lexists(repository.top / path):
                left.append(Left(path, "this sparse checkout leaves it out"))
                continue
            done = bringer.bring(repair, content)
            if isinstance(done, Left):
                left.append(done)
                continue
            fixed.append(done)
            if "unencrypted-secret" in repair.findings:
                file = SecretFile(repository, path, tree)
                notes += (f"{path}: {note}" for note in seen_by_git(file, Manifest(content, path)))
    gone = dict.fromkeys(shorten(r) for one in fixed for r in one.removed)
    if gone:
        notes.append(
            f"{', '.join(gone)} can still decrypt what earlier commits hold: change these credentials too"
        )
    return _Plan(tuple(fixed), tuple(left), tuple(notes))


def _refuse_without_files(request: Request) -> None:
    """Raise UsageError if *request* is not about files of the work tree, or leaves out what shows changes."""
    for option, is_given in (
        ("--staged", request.staged),
        ("--range", request.span is not None),
        ("--history", request.history),
    ):
        if is_given:
            raise UsageError(
                f"--fix changes files of the work tree, and {option} looks at others",
                "gitops-secrets verify --fix",
            )
    if request.keyless:
        raise UsageError(
            "--fix and --keyless exclude each other: it opens what it encrypts again",
            "gitops-secrets verify --fix",
        )
    if request.signed is not None:
        raise UsageError(
            "--fix and --require-signed exclude each other: what is fixed is not committed yet",
            "gitops-secrets verify --fix",
        )
