"""Whether a commit is what was planned: hooks and filters may have made something else of it."""

from __future__ import annotations

import hashlib
import os

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.writing.aftermath import Aftermath, is_same
from gitops_secrets.adapters.writing.branching import reference_of
from gitops_secrets.adapters.writing.journal import Journal
from gitops_secrets.adapters.writing.step import StepError


def check_committed(repository: Repository, journal: Journal, aftermath: Aftermath) -> str:
    """Return the commit. Raises StepError unless it holds what was written, and nothing else."""
    head, blobs = repository.changed("HEAD")
    on_branch = _is_on_branch(repository, journal)
    if on_branch and blobs == {
        path: _blob_id(entry.after, len(head)) for path, entry in journal.files.items()
    }:
        return head
    # A hook has done something, or Git has other line ends than the work tree.
    made = aftermath.made(journal)
    if not made and not aftermath.is_new(journal, head):
        raise StepError(
            lambda so: f"a hook took the commit off the branch again; {so}",
            "git rev-parse --git-path hooks",
            "have the hook in that folder leave the branch alone",
        )
    others = [p for p in repository.changed(made)[1] if p not in journal.files] if made else []
    if made and not others and on_branch:
        return made
    if not on_branch:
        raise StepError(
            lambda so: f"a hook switched to another branch while it was committed; {so}",
            "git rev-parse --git-path hooks",
            "have the hook in that folder stay on the branch",
            take_back=True,
            commit=made or head,
        )
    if others:
        raise StepError(
            lambda so: f"a hook added {', '.join(others)} to the commit; {so}",
            "have that hook add only the files that are in the commit already",
            take_back=True,
            commit=made,
        )
    _, contents = repository.contents("HEAD", list(journal.files))
    path = next(p for p, e in journal.files.items() if not is_same(contents[p], e.after))
    if path not in blobs:
        raise StepError(
            lambda so: f"a hook took {path} out of the commit; {so}",
            "git rev-parse --git-path hooks",
            "have the hook in that folder stash and reset nothing",
            take_back=True,
            commit=head,
        )
    attribute = os.fsdecode(repository.ask("check-attr", "-z", "filter", "--", path))
    name = attribute.split("\0")[2]
    if name not in ("unspecified", "unset"):
        raise StepError(
            lambda so: f"the filter {name} of .gitattributes changed {path}; {so}",
            f"{path} -filter, in .gitattributes, keeps it from that filter",
            take_back=True,
            commit=head,
        )
    raise StepError(
        lambda so: f"a hook changed {path} while it was committed; {so}",
        f"leave {path.split('/', 1)[0]} out of what that hook rewrites",
        take_back=True,
        commit=head,
    )


def _is_on_branch(repository: Repository, journal: Journal) -> bool:
    """Return whether the branch that the commit belongs to is the one that is checked out."""
    head = repository.git_dir / "HEAD"
    if head.read_bytes() == f"ref: {reference_of(journal)}\n".encode():
        return True
    return repository.head_reference() == reference_of(journal)


def _blob_id(content: bytes, length: int) -> str:
    """Return the id that Git gives *content*, of 40 hexadecimal digits or of 64."""
    kind = hashlib.sha1 if length == len(hashlib.sha1().hexdigest()) else hashlib.sha256  # noqa: S324
    return kind(b"blob %d\0" % len(content) + content).hexdigest()
