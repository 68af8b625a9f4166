"""Pushing a commit: tried before anything is written, and told apart where it did not arrive."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from gitops_secrets.adapters.git.repository import Head, Repository, words
from gitops_secrets.adapters.git.revision import upstream_commit
from gitops_secrets.adapters.running.interrupts import held_back
from gitops_secrets.adapters.running.process import Completed, pass_on
from gitops_secrets.adapters.writing.step import StepError
from gitops_secrets.commands.repository.branches import remote_of
from gitops_secrets.core.guard.rules.unjudged.policy_change import ALLOWS
from gitops_secrets.errors import GitOpsSecretsError, UsageError

if TYPE_CHECKING:
    from gitops_secrets.adapters.running.interrupts import Held
    from gitops_secrets.commands.repository.branches import NewBranch


_ADDRESS = re.compile(rb"https?://[!-?A-~]{1,500}(?![!-~])")
"""An address without a user: the signs of ASCII but the at sign."""


class Target(NamedTuple):
    """Where a push goes to."""

    remote: str
    ref: str
    """The branch's full name there."""
    branch: str
    """The branch's name here."""
    is_new: bool
    """Whether *branch* is made for the commit, and gets its upstream by the push."""


def target_of(
    repository: Repository, head: Head, new: NewBranch | None, asked: str | None
) -> Target:
    """Return where *head*'s branch is pushed to, or the *new* one if there is one.

    *asked* is the branch that the user names: if it is checked out already, an earlier run may have made it and
    not pushed it. Raises UsageError if there is no place to push to, with what gives one.
    """
    if new is not None or (head.upstream is None and asked is not None):
        name = new.name if new is not None else head.branch or ""
        remote = new.remote if new is not None else remote_of(repository, head)
        if not remote:
            raise UsageError("--push: the repository has no remote", "git remote add origin URL")
        return Target(remote, f"refs/heads/{name}", name, is_new=True)
    if head.upstream is not None:
        remote, ref = (
            repository.ask("config", "--get", f"branch.{head.branch}.{key}").decode().strip()
            for key in ("remote", "merge")
        )
        return Target(remote, ref, head.branch or "", is_new=False)
    remotes = repository.ask("remote").decode().split()
    remote = "origin" if "origin" in remotes or not remotes else remotes[0]
    push = f"git push --set-upstream {remote} {head.branch}"
    commit = "" if head.commit else "git commit --allow-empty --message 'First commit' && "
    raise UsageError(
        f"--push: the branch {head.branch} has no upstream",
        f"{commit}{push}" if remotes else f"git remote add origin URL && {commit}{push}",
    )


def is_ahead(repository: Repository) -> bool:
    """Return whether there is a commit that the upstream branch, as far as it is known here, lacks."""
    done = repository.git("rev-list", "--max-count=1", "@{upstream}..HEAD")
    return done.status != 0 or done.stdout != b""


def is_pushed(repository: Repository, commit: str) -> bool:
    """Return whether the upstream branch, as far as it is known here, has *commit*."""
    upstream = upstream_commit(repository)
    return upstream is not None and repository.is_ancestor(commit, upstream)


def try_push(repository: Repository, head: Head, target: Target) -> None:
    """Raise GitOpsSecretsError if *head* could not be pushed to *target*: before anything is written."""
    if head.commit is None:
        return
    remote, ref = target.remote, target.ref
    done = repository.git("push", "--quiet", "--dry-run", "--no-verify", remote, f"HEAD:{ref}")
    if done.status:
        raise GitOpsSecretsError(
            f"{target.branch} cannot be pushed to {remote}, and nothing was changed: {words(done)}",
            *_hints(done, target),
        )


def push(repository: Repository, target: Target, held: Held) -> tuple[str, ...]:
    """Push what is checked out to *target*, and return the addresses that the server names for a new branch.

    There a hosting service offers to open the merge request. Raises StepError if the push fails, and
    Interrupted.
    """
    remote, ref = target.remote, target.ref
    upstream = ("--set-upstream",) if target.is_new else ()
    done = repository.git("push", "--quiet", *upstream, remote, f"HEAD:{ref}")
    held.check()
    if not done.status:
        return _addresses(done) if target.is_new else ()
    # What git says of the others, a tag or a second address, is no word on this branch: each is asked.
    urls = os.fsdecode(repository.ask("remote", "get-url", "--push", "--all", remote)).split("\n")
    commit = repository.commit("HEAD")
    answers = [repository.git("ls-remote", url, ref) for url in urls if url]
    held.check()
    there = [answer.stdout.startswith(commit.encode()) for answer in answers]
    if all(there):
        return ()
    said = [line for line in done.stderr.split(b"\n") if not line.startswith(b"remote:")]
    broke_off = any(b"fatal:" in line or b"[remote failure]" in line for line in said)
    if any(there) or broke_off or any(answer.status for answer in answers):
        raise StepError(
            lambda so: (
                f"the push of {target.branch} did not arrive everywhere, and {so}: {words(done)}"
            ),
            "run the same command again: it pushes the commit",
        )
    raise StepError(
        lambda so: f"the push of {target.branch} was refused, and {so}: {words(done)}",
        *_hints(done, target),
        take_back=True,
    )


def push_again(repository: Repository, target: Target) -> tuple[str, ...]:
    """Push the commit of an earlier run, and return what ``push`` does.

    Raises GitOpsSecretsError if that fails; the commit stays.
    """
    with held_back(pass_on) as held:
        try:
            return push(repository, target, held)
        except StepError as error:
            message = error.tell("the commit is here, and not there")
            raise GitOpsSecretsError(message, *error.hints) from None


def _addresses(done: Completed) -> tuple[str, ...]:
    said = [line for line in done.stderr.split(b"\n") if line.startswith(b"remote:")]
    found = [match[0].decode() for line in said for match in _ADDRESS.finditer(line)]
    return tuple(dict.fromkeys(found))[:3]


def _hints(done: Completed, target: Target) -> tuple[str, ...]:
    remote = target.remote
    if b"[rejected]" in done.stderr and target.is_new:
        return (
            f"{remote} has a branch {target.branch} with other commits: have it merged, or give another name",
        )
    if b"[rejected]" in done.stderr:
        return ("git pull --rebase",)
    again = "then run the same command again"
    if b"error[policy-change]" in done.stderr:
        return (f"on the server, for this push: git config {ALLOWS} true", again)
    return (f"git push --dry-run {remote}", f"fix what it names, {again}")
