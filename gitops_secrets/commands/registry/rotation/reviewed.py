"""A rotation that waits for its merge on a branch of its own."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import Head, Repository, literal
from gitops_secrets.commands.registry.rotation.holders import Found
from gitops_secrets.commands.repository.branches import NewBranch, remote_of
from gitops_secrets.core.flux.followed import followed_branches
from gitops_secrets.core.sops.annotations import records_in
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.errors import GitOpsSecretsError

_BASE = "gitops-secrets-base"


class Waiting(NamedTuple):
    """A credential that a branch has, and the one that is checked out never had."""

    branch: str
    ident: str


def find_waiting(repository: Repository, found: Found, idents: Collection[str]) -> Waiting | None:
    """Return the branch, here or as a remote had it, that has another of *idents*, which are in force, in the file of *found*.

    It is known by what the file notes in its annotations.
    """
    path, key = found.first.secret.path, found.first.key
    own = found.record.ident if found.record is not None else None
    listed = repository.ask("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes")
    refs = [ref for ref in os.fsdecode(listed).split("\n") if ref and not ref.endswith("/HEAD")]
    for ref in refs:
        content = repository.contents(ref, [path])[1][path]
        ident = _ident(content, path, key) if content is not None else None
        if ident in (None, own) or ident not in idents:
            continue
        blob = repository.ask("rev-parse", f"{ref}:{path}").decode().strip()
        # An old branch has what the file was: that is no rotation which waits.
        once = repository.ask(
            "log",
            "--max-count=1",
            "--format=%H",
            f"--find-object={blob}",
            "HEAD",
            "--",
            literal(path),
        )
        if not once.strip():
            return Waiting(ref.removeprefix("refs/heads/").removeprefix("refs/remotes/"), ident)
    return None


def _ident(content: bytes, path: str, key: str) -> str | None:
    try:
        record = records_in(Manifest(content, path)).get(key)
    except GitOpsSecretsError:
        return None
    return record.ident if record is not None else None


def remember_base(repository: Repository, new: NewBranch) -> None:
    """Note in this clone into which branch *new* is to be merged. Git forgets it with the branch."""
    if new.base:
        repository.git("config", f"branch.{new.name}.{_BASE}", new.base)


def unreached(repository: Repository, head: Head, found: Found, commit: str) -> str:
    """Return the branches that the clusters of *found* read, as far as they lack *commit*, in words; "" for none.

    Where Git does not say what they read, it is the branch at which *head*'s own was made by a rotation. A branch
    to which *head*'s own is pushed is left out: the push brings it there.
    """
    wanted = set(found.holding.clusters)
    clusters = [cluster for cluster in found.seen.clusters if cluster.path in wanted]
    followed: Collection[str] = followed_branches(found.seen.view, clusters)
    followed = followed or {base for base in (_setting(repository, head, _BASE),) if base}
    own = _setting(repository, head, "merge").removeprefix("refs/heads/") or head.branch
    remote = remote_of(repository, head)
    where = f"refs/remotes/{remote}/" if remote else "refs/heads/"
    lacking = [
        branch
        for branch in sorted(followed)
        if branch != own and not repository.is_ancestor(commit, f"{where}{branch}")
    ]
    return " and ".join(lacking)


def _setting(repository: Repository, head: Head, name: str) -> str:
    done = repository.git("config", "--get", f"branch.{head.branch}.{name}")
    return done.stdout.decode().strip()
