"""All or nothing: a plan's files become one commit of Git's own making, or nothing is left of them.

Before the first byte a journal is written into the Git folder. A run that is killed leaves the journal, and
the next command finishes what had become a commit, or takes back what had not. A run that fails or is
interrupted does the same itself. In both cases Git is asked whether the branch has the commit; nothing
that the run remembers counts.

The files are staged before the commit. Git moves the branch first and the index after it; with our
files in the index already, no instant exists in which a user's next commit would undo ours.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from gitops_secrets.adapters.files import (
    check_inside,
    read_file,
    replace_file,
)
from gitops_secrets.adapters.git.locks import refuse_locks
from gitops_secrets.adapters.git.repository import Head, Repository, literal, words
from gitops_secrets.adapters.running.interrupts import Held, Interrupted, held_back, unheard
from gitops_secrets.adapters.running.process import pass_on
from gitops_secrets.adapters.writing.aftermath import Aftermath, standing, written
from gitops_secrets.adapters.writing.branching import begin_branch
from gitops_secrets.adapters.writing.commit_check import check_committed
from gitops_secrets.adapters.writing.journal import Desk, Journal, plan_journal
from gitops_secrets.adapters.writing.step import Beside, StepError, Steps
from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.errors import GitOpsSecretsError

_UNCHANGED = "nothing was changed"


class Transaction:
    """The right to write to a repository, held by one run at a time."""

    def __init__(self, repository: Repository, desk: Desk, lock: int) -> None:
        self.repository = repository
        self.recovered: str | None = None
        """What an earlier, killed run had left and was done about it, in a sentence."""
        self._desk = desk
        self._aftermath = Aftermath(repository, desk)
        self._lock = lock

    def commit(self, changes: Sequence[Change], head: Head, steps: Steps) -> str:
        """Write *changes*, commit them and nothing else on top of *head*, and return the commit.

        If *steps* name another branch than that of *head*, it is made there, and is checked out afterwards.

        Whatever goes wrong, hooks that refuse or alter a file and a refused push among it, everything
        is as before and GitOpsSecretsError says why; or the commit stands, and it says that. After a
        signal Interrupted says which of both it is.
        """
        refuse_locks(self.repository, head.branch)
        journal = plan_journal(self.repository, changes, head, steps.branch)
        made = ""
        with held_back(pass_on) as held:
            try:
                if steps.beside is not None:
                    steps.beside.make()
                self._write(journal, held)
                begin_branch(self.repository, journal)
                held.check()
                self._stage(journal, held)
                self._commit(journal, steps.message, held)
                made = check_committed(self.repository, journal, self._aftermath)
                held.check()
                if steps.push is not None:
                    steps.push(held)
                held.check()
            except BaseException as error:  # noqa: BLE001
                with unheard():
                    pushes = steps.push is not None
                    self._settle(journal, error, held, steps.beside, made, pushes=pushes)
            with unheard():
                held.words = standing(made, journal.branch or "HEAD")
                self._desk.end()
        return made

    def write(
        self,
        changes: Sequence[Change],
        beside: Beside | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Write *changes* to the work tree, all of them or none, and leave the rest to the user.

        *then* is the last step: if it raises StepError, the files are as before. Raises GitOpsSecretsError if
        something fails and Interrupted after a signal; both say what is there.
        """
        journal = plan_journal(self.repository, changes, None)
        with held_back(pass_on) as held:
            try:
                if beside is not None:
                    beside.make()
                self._write(journal, held)
                held.check()
                if then is not None:
                    self._finish(journal, then)
            except BaseException as error:  # noqa: BLE001
                with unheard():
                    self._settle(journal, error, held, beside)
            with unheard():
                held.words = written(journal)
                self._desk.end()

    def _finish(self, journal: Journal, then: Callable[[], None]) -> None:
        try:
            then()
        except StepError:
            # All files are written, which is all of another run, and only a part of this one.
            self._aftermath.unwrite(journal)
            raise

    def _write(self, journal: Journal, held: Held) -> None:
        top = self.repository.top
        for path, entry in journal.files.items():
            if read_file(top, path) != entry.before:
                raise GitOpsSecretsError(
                    f"{path} was changed by somebody else meanwhile, and nothing was written",
                    f"git diff -- {path}",
                    "then the same command again",
                )
        self._desk.begin(journal)
        for path, entry in journal.files.items():
            held.check()
            check_inside(top, path)
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            replace_file(top / path, entry.after, journal.token)

    def _stage(self, journal: Journal, held: Held) -> None:
        paths = [literal(path) for path in journal.files]
        done = self.repository.git("add", "--", *paths, pass_fds=[self._lock])
        held.check()
        if done.status and b"ignored by" in done.stderr:
            names = " ".join(journal.files)
            raise StepError(
                lambda so: f"one of the files to write is ignored by Git, and {so}",
                f"git check-ignore --verbose --no-index {names}",
            )
        if done.status and b"sparse-checkout" in done.stderr:
            raise StepError(
                lambda so: f"this sparse checkout leaves out where the files belong, and {so}",
                *self.repository.sparse_hints(list(journal.files)),
            )
        if done.status:
            raise StepError(lambda so: f"git add failed, and {so}: {words(done)}")

    def _commit(self, journal: Journal, message: str, held: Held) -> None:
        done = self.repository.git(
            *("commit", "--quiet", "--only", "--file=-", "--"),
            *(literal(path) for path in journal.files),
            stdin=message.encode(),
            pass_fds=[self._lock],
        )
        held.check()
        if done.status:
            raise StepError(
                lambda so: f"{_failed(so)}, and {so}: {words(done)}",
                "fix what it names (a hook, user.name, signing) and run the same command again",
            )

    def _settle(
        self,
        journal: Journal,
        error: BaseException,
        held: Held,
        beside: Beside | None,
        made: str = "",
        *,
        pushes: bool = False,
    ) -> None:
        """Make the repository as before, or as after; raise what is to be printed about it."""
        step = error if isinstance(error, StepError) else None
        mine = (step.commit or made) if step is not None and step.take_back else ""
        try:
            stands, kept = self._aftermath.take_back(journal, mine)
            if not stands and beside is not None:
                beside.unmake()
        except (GitOpsSecretsError, OSError) as second:
            raise _half_way(self.repository, second) from None
        outcome = "the commit was taken back" if mine else _UNCHANGED
        if stands:
            unpushed = " and may not be pushed yet" if pushes else ""
            outcome = f"{stands}{unpushed}"
        if kept:
            outcome += f"; what {', '.join(kept)} held meanwhile is in {self._desk.kept}"
        held.words = outcome
        held.note_waiting()
        if held.number:
            raise Interrupted(held.number, outcome) from None
        if step is not None:
            raise GitOpsSecretsError(step.tell(outcome), *step.hints) from None
        if isinstance(error, OSError):
            name = error.filename or self.repository.top
            raise GitOpsSecretsError(
                f"{name} cannot be written: {error.strerror}; {outcome}"
            ) from None
        raise error

    def recover(self) -> None:
        """Finish or take back what a killed run left, as its journal tells."""
        journal = self._desk.read()
        if journal is None:
            self._desk.clear()
            return
        if self._aftermath.stands(journal):
            self._desk.end()
            what = "commit; the commit stands" if journal.commits else "last file; all are written"
            self.recovered = f"an earlier run was ended after its {what}"
            return
        takes_back = journal.commits or journal.is_at_once
        try:
            if takes_back:
                left, _ = self._aftermath.put_back(journal, whatever_they_hold=False)
            else:
                left = self._aftermath.write_the_rest(journal)
        except OSError as error:
            raise _half_way(self.repository, error) from None
        done = "what it had written was taken back" if takes_back else "the rest of it is written"
        self.recovered = f"an earlier run was ended half-way; {done}"
        if left:
            self.recovered += f", but for {', '.join(left)}, which changed since"


def is_half_way(repository: Repository) -> bool:
    """Return whether a run was killed here that the next writing command clears up, or is still at work."""
    return Desk(repository).journal.exists()


@contextmanager
def cleared_up(repository: Repository) -> Iterator[str | None]:
    """Finish or take back what a killed run left; yield what was done, None if there was nothing.

    What goes wrong meanwhile tells it too: files are there, or gone, that the user saw before. Raises
    GitOpsSecretsError while that run, or a git that it started, is still at work.
    """
    recovered = None
    if is_half_way(repository):
        with open_transaction(repository) as transaction:
            recovered = transaction.recovered
    with _told_of(recovered):
        yield recovered


@contextmanager
def _told_of(recovered: str | None) -> Iterator[None]:
    try:
        yield
    except GitOpsSecretsError as error:
        if recovered is not None:
            error.add_note(recovered)
        raise


def refuse_half_way(repository: Repository) -> None:
    """Raise GitOpsSecretsError if a killed run's files are about, which are not to be judged as the user's."""
    if is_half_way(repository):
        raise GitOpsSecretsError(
            "an earlier run was ended half-way, or is still at work, and its files are in the way",
            "run the command without --dry-run: it first clears up what was left",
        )


@contextmanager
def open_transaction(repository: Repository) -> Iterator[Transaction]:
    """Yield the right to write to *repository*, after clearing up what a killed run left there.

    Raises GitOpsSecretsError while another run, or a git that one started, is at work.
    """
    desk = Desk(repository)
    lock = desk.open_lock()
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GitOpsSecretsError(
                "another gitops-secrets run, or a git it started, is at work in this repository",
                "wait for it to end, and run the same command again",
            ) from None
        transaction = Transaction(repository, desk, lock)
        with held_back(pass_on) as held:
            transaction.recover()
            held.words = transaction.recovered or held.words
        held.check()
        with _told_of(transaction.recovered):
            yield transaction
    finally:
        os.close(lock)


def _failed(so: str) -> str:
    # A commit that fails after it moved the branch was not refused.
    return "git refused the commit" if so.startswith(_UNCHANGED) else "git commit failed"


def _half_way(repository: Repository, error: GitOpsSecretsError | OSError) -> GitOpsSecretsError:
    """Return the error for what could not be taken back now: the next command does it."""
    if isinstance(error, GitOpsSecretsError):
        why, hints = error.message, error.hints
    else:
        why, hints = f"{error.filename or 'a file'}: {error.strerror}", ()
    return GitOpsSecretsError(
        f"the run was ended half-way in {repository.top}, and could not be taken back: {why}",
        *hints,
        "the next gitops-secrets command that writes takes it back; gitops-secrets doctor shows that it waits",
    )
