"""Pushing a commit: tried before anything is written, and told apart where it did not arrive."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gitops_secrets.adapters.git.repository import Head, Repository, words
from gitops_secrets.adapters.git.revision import upstream_commit
from gitops_secrets.adapters.running.interrupts import held_back
from gitops_secrets.adapters.running.process import Completed, pass_on
from gitops_secrets.adapters.writing.step import StepError
from gitops_secrets.errors import GitOpsSecretsError, UsageError

if TYPE_CHECKING:
    from gitops_secrets.adapters.running.interrupts import Held


def refuse_no_upstream(repository: Repository, head: Head) -> None:
    """Raise UsageError if *head*'s branch has no upstream to push to, with what gives it one."""
    if head.upstream is not None:
        return
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
    if upstream is None:
        return False
    return repository.git("merge-base", "--is-ancestor", commit, upstream).status == 0


def try_push(repository: Repository, head: Head) -> None:
    """Raise GitOpsSecretsError if *head*'s branch could not be pushed as it is: before anything is written."""
    if head.commit is None:
        return
    remote, merge = _upstream(repository, head)
    done = repository.git("push", "--quiet", "--dry-run", "--no-verify", remote, f"HEAD:{merge}")
    if done.status:
        raise GitOpsSecretsError(
            f"{head.branch} cannot be pushed to {remote}, and nothing was changed: {words(done)}",
            _hint(done, remote),
        )


def push(repository: Repository, head: Head, held: Held) -> None:
    """Push *head*'s branch. Raises StepError if that fails, and Interrupted."""
    remote, merge = _upstream(repository, head)
    done = repository.git("push", "--quiet", remote, f"HEAD:{merge}")
    held.check()
    if not done.status:
        return
    # What git says of the others, a tag or a second address, is no word on this branch: each is asked.
    urls = os.fsdecode(repository.ask("remote", "get-url", "--push", "--all", remote)).split("\n")
    commit = repository.commit("HEAD")
    answers = [repository.git("ls-remote", url, merge) for url in urls if url]
    held.check()
    there = [answer.stdout.startswith(commit.encode()) for answer in answers]
    if all(there):
        return
    said = [line for line in done.stderr.split(b"\n") if not line.startswith(b"remote:")]
    broke_off = any(b"fatal:" in line or b"[remote failure]" in line for line in said)
    if any(there) or broke_off or any(answer.status for answer in answers):
        raise StepError(
            lambda so: (
                f"the push of {head.branch} did not arrive everywhere, and {so}: {words(done)}"
            ),
            "run the same command again: it pushes the commit",
        )
    raise StepError(
        lambda so: f"the push of {head.branch} was refused, and {so}: {words(done)}",
        _hint(done, remote),
        take_back=True,
    )


def push_again(repository: Repository, head: Head) -> None:
    """Push the commit of an earlier run. Raises GitOpsSecretsError if that fails; the commit stays."""
    with held_back(pass_on) as held:
        try:
            push(repository, head, held)
        except StepError as error:
            message = error.tell("the commit is here, and not there")
            raise GitOpsSecretsError(message, *error.hints) from None


def _upstream(repository: Repository, head: Head) -> tuple[str, str]:
    """Return the remote of *head*'s branch, and the branch's full name there."""
    branch = f"branch.{head.branch}"
    remote, merge = (
        repository.ask("config", "--get", f"{branch}.{key}").decode().strip()
        for key in ("remote", "merge")
    )
    return remote, merge


def _hint(done: Completed, remote: str) -> str:
    if b"[rejected]" in done.stderr:
        return "git pull --rebase, and run the same command again"
    return (
        f"fix what it names, see whether git push --dry-run {remote} passes, and run the same "
        "command again"
    )
