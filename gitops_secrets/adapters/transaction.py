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
import hashlib
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
                    self._settle(journal, error, steps, held, made)
            with unheard():
                held.words = _standing(made, head.branch or "HEAD")
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
        """Return the commit. Raises StepError unless it holds what was written, and nothing else."""
        repository = self.repository
        head, blobs = repository.changed("HEAD")
        if self._is_on_branch(journal) and blobs == {
            path: _blob_id(entry.after, len(head)) for path, entry in journal.files.items()
        }:
            return head
        # A hook has done something, or Git has other line ends than the work tree.
        made = self._made(journal)
        others = [p for p in repository.changed(made)[1] if p not in journal.files] if made else []
        if made and not others and self._is_on_branch(journal):
            return made
        if not self._is_on_branch(journal):
            raise StepError(
                lambda so: f"a hook switched to another branch while it was committed; {so}",
                "git hooks of this repository: git rev-parse --git-path hooks",
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
        path = next(p for p, e in journal.files.items() if not _same(contents[p], e.after))
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

    def _is_on_branch(self, journal: Journal) -> bool:
        """Return whether the branch that the commit belongs to is the one that is checked out."""
        head = self.repository.git_dir / "HEAD"
        if head.read_bytes() == f"ref: {_reference(journal)}\n".encode():
            return True
        return self.repository.head_reference() == _reference(journal)

    def _settle(
        self,
        journal: Journal,
        error: BaseException,
        steps: Steps | None,
        held: Held,
        made: str = "",
    ) -> None:
        """Make the repository as before, or as after; raise what is to be printed about it."""
        held.note_waiting()
        step = error if isinstance(error, StepError) else None
        mine = (step.commit or made) if step is not None and step.take_back else ""
        try:
            stands, kept = self._take_back(journal, mine)
            if not stands and steps is not None and steps.beside is not None:
                steps.beside.unmake()
        except (GitOpsSecretsError, OSError) as second:
            raise _half_way(self.repository, second) from None
        outcome = "the commit was taken back" if mine else _UNCHANGED
        if stands:
            unpushed = " and may not be pushed yet" if steps and steps.push else ""
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

    def _take_back(self, journal: Journal, mine: str) -> tuple[str, list[str]]:
        """Take a run back, the commit *mine* too if nobody else has it.

        Return that the commit stands, in words, "" if all is as before; and the files of which a copy is kept.
        """
        made = ""
        if journal.commits and not (mine and self._move_back(journal, mine)):
            made = self._made(journal) or (mine if mine and self.repository.holders(mine) else "")
        if not made:
            # What a hook made of our files goes too: they were as Git has them before this run.
            kept = self._put_back(journal, whatever_they_hold=journal.commits)[1]
            return "", kept
        remove_stale_locks(self.repository, journal.branch, self._desk.journal)
        self._desk.end()
        return self._standing(journal, made), []

    def _standing(self, journal: Journal, made: str) -> str:
        holders = self.repository.holders(made)
        own = _reference(journal)
        holder = own if own in holders else next(iter(holders), "HEAD")
        return _standing(made, holder.removeprefix("refs/heads/"))

    def _made(self, journal: Journal) -> str:
        """Return the commit that came of *journal*, on its branch or on the one that is checked out; else ""."""
        repository = self.repository
        excluded = [f"^{journal.commit}"] if journal.commit else []
        for reference in (_reference(journal), "HEAD"):
            if not repository.commit(reference):
                continue
            listed = repository.git(
                *("rev-list", "--first-parent", "--reverse", "--max-count=100"),
                *(reference, *excluded),
            )
            for commit in listed.stdout.decode().split():
                _, contents = repository.contents(commit, list(journal.files))
                if all(_same(contents[p], entry.after) for p, entry in journal.files.items()):
                    return commit
        return ""

    def _move_back(self, journal: Journal, mine: str) -> bool:
        """Move the branch that has *mine* as its last commit to before it; return whether it was done.

        Not if anything else reaches *mine*, or somebody moved the branch since.
        """
        repository, own = self.repository, _reference(journal)
        holders = repository.holders(mine)
        before = repository.parents(mine)
        if len(holders) > 1 or any(repository.commit(name) != mine for name in holders or ["HEAD"]):
            return False
        for reference in holders:
            back = [reference, before[0], mine] if before else ["-d", reference, mine]
            if repository.git("update-ref", *back).status:
                return False
        if repository.head_reference() != own and repository.commit(own) == (before or [""])[0]:
            # A hook had switched away from it, at the same commit.
            repository.ask("symbolic-ref", "HEAD", own)
        return True

    def _put_back(
        self, journal: Journal, *, whatever_they_hold: bool
    ) -> tuple[list[str], list[str]]:
        """Put files and index back.

        Return the files that were left, as changed since, and those of which a copy is kept.
        """
        repository = self.repository
        self._desk.free_room()
        if not is_half_way(repository):
            # Nothing was begun, and what differs in the work tree is the user's.
            return [], []
        left, kept = [], []
        ours = self._not_committed_since(journal)
        for path in ours:
            entry = journal.files[path]
            is_theirs = self._is_theirs(path, entry)
            if is_theirs and not whatever_they_hold:
                left.append(path)
                continue
            if is_theirs:
                self._desk.keep(path, (repository.top / path).read_bytes())
                kept.append(path)
            if not journal.is_at_once:
                self._restore(path, entry)
        for folder in journal.folders:
            with suppress(OSError):
                (repository.top / folder).rmdir()
        if journal.commits:
            remove_stale_locks(repository, journal.branch, self._desk.journal)
            paths = [literal(path) for path in ours]
            if paths and repository.commit("HEAD"):
                repository.ask("reset", "--quiet", "--", *paths)
            elif paths:
                repository.ask("rm", "--cached", "--quiet", "--ignore-unmatch", "--", *paths)
        self._desk.end()
        return [] if journal.is_at_once else left, kept

    def _not_committed_since(self, journal: Journal) -> list[str]:
        """Return the files that the last commit has as they were before; the others are somebody's commit by now."""
        if not journal.commits:
            return list(journal.files)
        _, committed = self.repository.contents("HEAD", list(journal.files))
        return [
            path
            for path, entry in journal.files.items()
            if (committed[path] is None and entry.before is None)
            or (entry.before is not None and _same(committed[path], entry.before))
        ]

    def _is_theirs(self, path: str, entry: Entry) -> bool:
        """Return whether *path* holds neither what it held before nor what the run wrote."""
        file = self.repository.top / path
        file.with_name(f".{file.name}{TEMPORARY_SUFFIX}").unlink(missing_ok=True)
        return file.is_file() and file.read_bytes() not in (entry.before, entry.after)

    def _restore(self, path: str, entry: Entry) -> None:
        """Put *path* back as it was before."""
        file = self.repository.top / path
        if entry.before is None:
            file.unlink(missing_ok=True)
        elif not file.is_file() or file.read_bytes() != entry.before:
            replace_file(file, entry.before)

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
            left, _ = self._put_back(journal, whatever_they_hold=False)
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
        made = self._made(journal)
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
    return "git refused the commit" if so.startswith(_UNCHANGED) else "git commit failed"


def _standing(made: str, branch: str) -> str:
    return f"the commit {made[:10]} stands on {branch}"


def _blob_id(content: bytes, length: int) -> str:
    """Return the id that Git gives *content*, of 40 hexadecimal digits or of 64."""
    kind = hashlib.sha1 if length == len(hashlib.sha1().hexdigest()) else hashlib.sha256  # noqa: S324
    return kind(b"blob %d\0" % len(content) + content).hexdigest()


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
