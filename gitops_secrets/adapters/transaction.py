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
from contextlib import contextmanager, suppress
from typing import NamedTuple

from gitops_secrets.adapters.files import (
    TEMPORARY_SUFFIX,
    check_inside,
    read_file,
    replace_file,
)
from gitops_secrets.adapters.git import Head, Repository, literal, sparse_hints, words
from gitops_secrets.adapters.git_locks import refuse_locks, remove_stale_locks
from gitops_secrets.adapters.interrupts import Held, Interrupted, held_back, unheard
from gitops_secrets.adapters.journal import Desk, Entry, Journal, plan_journal
from gitops_secrets.adapters.process import pass_on
from gitops_secrets.core.plan import Change
from gitops_secrets.errors import GitOpsSecretsError

_UNCHANGED = "nothing was changed"


class StepError(Exception):
    """A step of a transaction failed; what to print depends on what becomes of the commit.

    *tell* is given that, "nothing was changed" for example, and returns the error's message.
    """

    def __init__(self, tell: Callable[[str], str], *hints: str, take_back: bool = False) -> None:
        super().__init__()
        self.tell = tell
        self.hints = hints
        self.take_back = take_back
        """Whether a commit that was made is to go again; only where nobody else can have it."""


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


class Transaction:
    """The right to write to a repository, held by one run at a time."""

    def __init__(self, repository: Repository, desk: Desk, lock: int) -> None:
        self.repository = repository
        self.recovered: str | None = None
        """What an earlier, killed run had left and was done about it, in a sentence."""
        self._desk = desk
        self._lock = lock

    def commit(self, changes: Sequence[Change], head: Head, steps: Steps) -> str:
        """Write *changes*, commit them and nothing else on top of *head*, and return the commit.

        Whatever goes wrong, hooks that refuse or alter a file and a refused push among it, everything
        is as before and GitOpsSecretsError says why; or the commit stands, and it says that. After a
        signal Interrupted says which of both it is.
        """
        refuse_locks(self.repository, head.branch)
        journal = plan_journal(self.repository, changes, head)
        made = ""
        with held_back(pass_on) as held:
            try:
                if steps.beside is not None:
                    steps.beside.make()
                self._write(journal, held)
                self._stage(journal, held)
                self._commit(journal, steps.message, held)
                made = self._check_committed(journal)
                held.check()
                if steps.push is not None:
                    steps.push(held)
                held.check()
            except BaseException as error:  # noqa: BLE001
                with unheard():
                    self._settle(journal, error, steps, held)
            with unheard():
                held.words = _standing(journal, made)
                self._desk.end()
        return made

    def write(self, changes: Sequence[Change]) -> None:
        """Write *changes* to the work tree, all of them or none, and leave the rest to the user.

        Raises GitOpsSecretsError if that fails and Interrupted after a signal; both say what is there.
        """
        journal = plan_journal(self.repository, changes, None)
        written = ", ".join(journal.files)
        with held_back(pass_on) as held:
            try:
                self._write(journal, held)
                held.check()
            except BaseException as error:  # noqa: BLE001
                with unheard():
                    self._settle(journal, error, None, held)
            with unheard():
                held.words = f"{written} {'is' if len(journal.files) == 1 else 'are'} written"
                self._desk.end()

    def _write(self, journal: Journal, held: Held) -> None:
        top = self.repository.top
        for path, entry in journal.files.items():
            if read_file(top, path) != entry.before:
                raise GitOpsSecretsError(
                    f"{path} was changed by somebody else meanwhile, and nothing was written",
                    f"git diff -- {path}, and run the same command again",
                )
        self._desk.begin(journal)
        for path, entry in journal.files.items():
            held.check()
            check_inside(top, path)
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            replace_file(top / path, entry.after)

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
            folders = sorted({os.path.dirname(path) for path in journal.files} - {""})
            raise StepError(
                lambda so: f"this sparse checkout leaves out where the files belong, and {so}",
                *sparse_hints(folders),
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

    def _check_committed(self, journal: Journal) -> str:
        """Return the commit. Raises StepError if it does not hold what was written."""
        made, contents = self.repository.contents(_reference(journal), list(journal.files))
        changed = [p for p, entry in journal.files.items() if not _same(contents[p], entry.after)]
        if not changed:
            return made
        path = changed[0]
        raise StepError(
            lambda so: f"a hook changed {path} while it was committed; {so}",
            f"leave {path.split('/', 1)[0]} out of what that hook rewrites",
            take_back=True,
        )

    def _settle(
        self, journal: Journal, error: BaseException, steps: Steps | None, held: Held
    ) -> None:
        """Make the repository as before, or as after; raise what is to be printed about it."""
        held.note_waiting()
        step = error if isinstance(error, StepError) else None
        try:
            made = self._take_back(journal, step)
            if not made and steps is not None and steps.beside is not None:
                steps.beside.unmake()
        except (GitOpsSecretsError, OSError) as second:
            raise _half_way(self.repository, second) from None
        outcome = "the commit was taken back" if step and step.take_back else _UNCHANGED
        if made:
            unpushed = " and may not be pushed yet" if steps and steps.push else ""
            outcome = f"{_standing(journal, made)}{unpushed}"
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

    def _take_back(self, journal: Journal, step: StepError | None) -> str:
        """Take a run back, unless its commit stands; return that commit, "" if all is as before."""
        made = ""
        if journal.commits:
            is_to_go = step is not None and step.take_back
            made, on_top = self._made(journal, altered=is_to_go)
            if is_to_go and on_top and self._move_back(journal, made):
                made = ""
        if made:
            remove_stale_locks(self.repository, journal.branch, self._desk.journal)
            self._desk.end()
        else:
            # What a hook made of our files goes too: they were as Git has them before this run.
            self._put_back(journal, whatever_they_hold=journal.commits)
        return made

    def _made(self, journal: Journal, *, altered: bool = False) -> tuple[str, bool]:
        """Return the commit that came of *journal* and whether it is the branch's last; "" if none did.

        With *altered* the last commit counts though it holds something else: it was seen to be ours.
        """
        tip = self.repository.commit(_reference(journal))
        if not tip or tip == journal.commit:
            return "", False
        if altered and self.repository.parents(tip) == ([journal.commit] if journal.commit else []):
            return tip, True
        span = [_reference(journal), *([f"^{journal.commit}"] if journal.commit else [])]
        listed = self.repository.git(
            "rev-list", "--first-parent", "--reverse", "--max-count=100", *span
        )
        for commit in listed.stdout.decode().split():
            _, contents = self.repository.contents(commit, list(journal.files))
            if all(_same(contents[p], entry.after) for p, entry in journal.files.items()):
                return commit, commit == tip
        return "", False

    def _move_back(self, journal: Journal, made: str) -> bool:
        """Move the branch to before *made*, unless somebody moved it since; return whether it was done."""
        before = self.repository.parents(made)
        reference = _reference(journal)
        back = [reference, before[0], made] if before else ["-d", reference, made]
        return self.repository.git("update-ref", *back).status == 0

    def _put_back(self, journal: Journal, *, whatever_they_hold: bool) -> list[str]:
        """Put files and index back; return the files that were left, as changed since."""
        repository = self.repository
        self._desk.free_room()
        if not is_half_way(repository):
            # Nothing was begun, and what differs in the work tree is the user's.
            return []
        left = [
            path
            for path, entry in journal.files.items()
            if not self._restore(path, entry, whatever_it_holds=whatever_they_hold)
            and not journal.is_at_once
        ]
        for folder in journal.folders:
            with suppress(OSError):
                (repository.top / folder).rmdir()
        if journal.commits:
            remove_stale_locks(repository, journal.branch, self._desk.journal)
            paths = [literal(path) for path in journal.files]
            if repository.commit("HEAD"):
                repository.ask("reset", "--quiet", "--", *paths)
            else:
                repository.ask("rm", "--cached", "--quiet", "--ignore-unmatch", "--", *paths)
        self._desk.end()
        return left

    def _restore(self, path: str, entry: Entry, *, whatever_it_holds: bool) -> bool:
        """Put *path* back as it was before; return whether it was ours to put back."""
        file = self.repository.top / path
        file.with_name(f".{file.name}{TEMPORARY_SUFFIX}").unlink(missing_ok=True)
        now = file.read_bytes() if file.is_file() else None
        if now == entry.before:
            return True
        if now != entry.after and not whatever_it_holds:
            return False
        if entry.before is None:
            file.unlink(missing_ok=True)
        else:
            replace_file(file, entry.before)
        return True

    def recover(self) -> None:
        """Finish or take back what a killed run left, as its journal tells."""
        journal = self._desk.read()
        if journal is None:
            self._desk.free_room()
            return
        if self._stands(journal):
            self._desk.end()
            what = "commit; the commit stands" if journal.commits else "last file; all are written"
            self.recovered = f"an earlier run was ended after its {what}"
            return
        try:
            left = self._put_back(journal, whatever_they_hold=False)
        except OSError as error:
            raise _half_way(self.repository, error) from None
        self.recovered = "an earlier run was ended half-way; what it had written was taken back"
        if left:
            self.recovered += f", but for {', '.join(left)}, which changed since"

    def _stands(self, journal: Journal) -> bool:
        """Return whether all of *journal* was done."""
        if not journal.commits:
            top = self.repository.top
            return all(read_file(top, p) == entry.after for p, entry in journal.files.items())
        made, _ = self._made(journal)
        if made:
            remove_stale_locks(self.repository, journal.branch, self._desk.journal)
        return bool(made)


def is_half_way(repository: Repository) -> bool:
    """Return whether a run was killed here that the next writing command clears up, or is still at work."""
    return Desk(repository).journal.exists()


def clear_up(repository: Repository) -> str | None:
    """Finish or take back what a killed run left; return what was done, None where there was nothing.

    Raises GitOpsSecretsError while that run, or a git that it started, is still at work.
    """
    if not is_half_way(repository):
        return None
    with open_transaction(repository) as transaction:
        return transaction.recovered


def refuse_half_way(repository: Repository) -> None:
    """Raise GitOpsSecretsError where a killed run's files are about, which are not to be judged as the user's."""
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
        yield transaction
    finally:
        os.close(lock)


def _failed(so: str) -> str:
    # A commit that fails after it moved the branch was not refused.
    return "git refused the commit" if so == _UNCHANGED else "git commit failed"


def _standing(journal: Journal, made: str) -> str:
    return f"the commit {made[:10]} stands on {journal.branch}"


def _reference(journal: Journal) -> str:
    return f"refs/heads/{journal.branch}" if journal.branch is not None else "HEAD"


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


def _same(one: bytes | None, other: bytes) -> bool:
    # Git may check files out with CRLF, and commits them without.
    return one is not None and one.replace(b"\r\n", b"\n") == other.replace(b"\r\n", b"\n")
