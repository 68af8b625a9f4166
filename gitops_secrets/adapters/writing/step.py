"""What a transaction is told: what a commit takes beside its files, and how one of its steps failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gitops_secrets.adapters.running.interrupts import Held


class StepError(Exception):
    """A step of a transaction failed; what to print depends on what becomes of the commit.

    *tell* is given that, "nothing was changed" for example, and returns the error's message.
    """

    def __init__(
        self, tell: Callable[[str], str], *hints: str, take_back: bool = False, commit: str = ""
    ) -> None:
        super().__init__()
        self.tell = tell
        self.hints = hints
        self.take_back = take_back
        """Whether a commit that was made is to go again; only where nobody else can have it."""
        self.commit = commit
        """That commit, if it is not the one that the transaction knows of."""


class Beside(NamedTuple):
    """What has to be there before the commit is, outside the repository: an identity, say."""

    make: Callable[[], None]
    unmake: Callable[[], None]
    """Called if no commit comes of it."""


class Steps(NamedTuple):
    """What a commit takes beside its files."""

    message: str
    beside: Beside | None = None
    push: Callable[[Held], None] | None = None
    """Runs last. Raises StepError, and is to check whether it was interrupted after each program."""
    branch: str | None = None
    """The branch for the commit, made for it unless it is checked out; None for the one that is checked out."""
