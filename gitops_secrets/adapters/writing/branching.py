"""The branch that a run makes for its commit, and the way back from it.

No file changes: the branch begins at the commit that is checked out.
"""

from __future__ import annotations

import os

from gitops_secrets.adapters.git.repository import Repository, words
from gitops_secrets.adapters.writing.journal import Journal
from gitops_secrets.adapters.writing.step import StepError


def reference_of(journal: Journal) -> str:
    """Return the full name of the branch that the commit of *journal* belongs to."""
    return f"refs/heads/{journal.branch}" if journal.branch is not None else "HEAD"


def begin_branch(repository: Repository, journal: Journal) -> None:
    """Make the branch of *journal* and check it out, if it is not the one that is checked out.

    Raises StepError if Git refuses that, for a branch of that name among others.
    """
    if journal.base is None:
        return
    own = reference_of(journal)
    # By its first reflog entry the branch is known as ours. An empty old value: it must not be there yet.
    made = repository.git(
        *("update-ref", "--create-reflog", "-m", _mark(journal), own, journal.commit or "", "")
    )
    done = made
    if not made.status:
        # In these words git switch - finds the way back.
        reason = f"checkout: moving from {journal.base} to {journal.branch}"
        done = repository.git("symbolic-ref", "-m", reason, "HEAD", own)
    if done.status:
        raise StepError(
            lambda so: f"the branch {journal.branch} cannot be made, and {so}: {words(done)}",
            "give another name with --branch",
        )


def leave_branch(repository: Repository, journal: Journal) -> None:
    """Check out what was checked out before *journal*, and remove the branch that its run made.

    Both stay as they are if the branch is not that run's own, or one of them has moved since.
    """
    own = reference_of(journal)
    if journal.base is None or not journal.commit or repository.commit(own) != journal.commit:
        return
    listed = repository.git("log", "--walk-reflogs", "--format=%gs", own, "--")
    if os.fsdecode(listed.stdout).splitlines()[-1:] != [_mark(journal)]:
        return
    if repository.head_reference() == own:
        base = f"refs/heads/{journal.base}"
        if repository.commit(base) != journal.commit:
            return
        repository.ask("symbolic-ref", "HEAD", base)
    repository.ask("update-ref", "-d", own, journal.commit)


def _mark(journal: Journal) -> str:
    return f"gitops-secrets: {journal.token}"
