"""All or nothing: a plan's files become one commit of Git's own making, or nothing is left of them.

Before the first byte a journal is written into the Git folder (what the files held and
will hold: readable configuration and ciphertext). A run that is killed leaves the journal, and the next command finishes what had become a
commit, or takes back what had not.

The files are staged before the commit. Git moves the branch first and the index after it; with our
files in the index already, no instant exists in which a user's next commit would undo ours.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypedDict

from gitops_secrets.adapters.files import TEMPORARY_SUFFIX, check_inside, replace_file
from gitops_secrets.adapters.git import Head, Repository, literal, sparse_hints, words
from gitops_secrets.adapters.git_locks import refuse_locks, remove_stale_locks
from gitops_secrets.core.plan import Change
from gitops_secrets.errors import GitOpsSecretsError

_FOLDER = "gitops-secrets"
_JOURNAL = "journal.json"
# A daemon that git starts would keep the lock, which it inherits, long after the run.
_NO_DAEMONS = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.fsmonitor=false")


class _Journal(TypedDict):
    """What a run is about to write: enough to take it back, and nothing more."""

    branch: str | None
    files: dict[str, dict[str, str | None]]
    folders: list[str]


class Transaction:
    """The right to write to a repository, held by one run at a time."""

    def __init__(self, repository: Repository, lock: int) -> None:
        self.repository = repository
        self.recovered: str | None = None
        """What an earlier, killed run had left and was done about it, in a sentence."""
        self._lock = lock
        self._made = ""

    def commit(
        self,
        changes: Sequence[Change],
        message: str,
        head: Head,
        push: Callable[[], None] | None = None,
    ) -> str:
        """Write *changes*, commit them and nothing else on top of *head*, and return the commit.

        *push*, where given, runs last. Whatever goes wrong, hooks that refuse or alter a file and a
        refused push among it, everything is as before and GitOpsSecretsError says why.
        """
        refuse_locks(self.repository, head.branch)
        with self._undone_on_failure(changes, head):
            self._write(changes)
            self._stage_and_commit(changes, message)
            self._check_committed(changes)
            if push is not None:
                push()
        return self._made

    def write(self, changes: Sequence[Change], head: Head) -> None:
        """Write *changes* to the work tree and leave staging and committing to the user."""
        with self._undone_on_failure(changes, head):
            self._write(changes)

    @contextmanager
    def _undone_on_failure(self, changes: Sequence[Change], head: Head) -> Iterator[None]:
        journal = self._journal(changes, head)
        try:
            replace_file(self._folder / _JOURNAL, json.dumps(journal).encode())
            yield
        except BaseException as error:
            with _uninterrupted():
                # What a hook made of our files goes too: they were as Git has them before this run.
                self._undo(journal, whatever_they_hold=True)
            if isinstance(error, OSError):
                raise GitOpsSecretsError(
                    f"{error.filename or self.repository.top} cannot be written: {error.strerror}; "
                    "nothing was changed"
                ) from None
            raise
        self._end()

    @property
    def _folder(self) -> Path:
        return self.repository.git_dir / _FOLDER

    def _journal(self, changes: Sequence[Change], head: Head) -> _Journal:
        top = self.repository.top
        folders = {
            str(parent.relative_to(top))
            for change in changes
            for parent in (top / change.path).parents
            if parent != top and top in parent.parents and not parent.exists()
        }
        return {
            "branch": head.branch,
            "files": {
                c.path: {"before": _as_text(c.before), "after": _as_text(c.after)} for c in changes
            },
            "folders": sorted(folders, key=len, reverse=True),
        }

    def _write(self, changes: Sequence[Change]) -> None:
        for change in changes:
            check_inside(self.repository.top, change.path)
            path = self.repository.top / change.path
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, change.after)

    def _stage_and_commit(self, changes: Sequence[Change], message: str) -> None:
        paths = [literal(change.path) for change in changes]
        done = self.repository.git(*_NO_DAEMONS, "add", "--", *paths, pass_fds=[self._lock])
        if done.status and b"ignored by" in done.stderr:
            names = " ".join(change.path for change in changes)
            raise GitOpsSecretsError(
                "one of the files to write is ignored by Git, and nothing was changed",
                f"git check-ignore --verbose --no-index {names}",
            )
        if done.status and b"sparse-checkout" in done.stderr:
            folders = sorted({os.path.dirname(change.path) for change in changes} - {""})
            raise GitOpsSecretsError(
                "this sparse checkout leaves out where the files belong, and nothing was changed",
                *sparse_hints(folders),
            )
        if done.status:
            raise GitOpsSecretsError(f"git add failed, and nothing was changed: {words(done)}")
        done = self.repository.git(
            *(*_NO_DAEMONS, "commit", "--quiet", "--only", "--file=-", "--", *paths),
            stdin=message.encode(),
            pass_fds=[self._lock],
        )
        if done.status:
            raise GitOpsSecretsError(
                f"git refused the commit, and nothing was changed: {words(done)}",
                "mend what it names (a hook, user.name, signing) and run the same command again",
            )

    def _check_committed(self, changes: Sequence[Change]) -> None:
        self._made, committed = self.repository.committed([change.path for change in changes])
        for change in changes:
            content = committed[change.path]
            if content is None or not _same(content, change.after):
                raise GitOpsSecretsError(
                    f"a hook changed {change.path} while it was committed; the commit was taken back",
                    f"leave {change.path.split('/', 1)[0]} out of what that hook rewrites",
                )

    def _undo(self, journal: _Journal, *, whatever_they_hold: bool = False) -> list[str]:
        """Put branch, index and files back; return the files that were left, as changed since."""
        repository, files = self.repository, journal["files"]
        left = [
            path
            for path, contents in files.items()
            if not self._restore(path, contents, whatever_it_holds=whatever_they_hold)
        ]
        for folder in journal["folders"]:
            with suppress(OSError):
                (repository.top / folder).rmdir()
        remove_stale_locks(repository, journal["branch"], self._folder / _JOURNAL)
        if self._made:
            parent = repository.git("rev-parse", "--verify", "--quiet", f"{self._made}^").stdout
            before = parent.decode().strip()
            reference = f"refs/heads/{journal['branch']}"
            back = [reference, before, self._made] if before else ["-d", reference, self._made]
            repository.ask("update-ref", *back)
        paths = [literal(path) for path in files]
        if repository.git("rev-parse", "--verify", "--quiet", "HEAD").status:
            repository.git("rm", "--cached", "--quiet", "--ignore-unmatch", "--", *paths)
        else:
            repository.git("reset", "--quiet", "--", *paths)
        self._end()
        return left

    def _restore(
        self, path: str, contents: Mapping[str, str | None], *, whatever_it_holds: bool
    ) -> bool:
        """Put *path* back as it was before; return whether it was ours to put back."""
        file = self.repository.top / path
        file.with_name(f".{file.name}{TEMPORARY_SUFFIX}").unlink(missing_ok=True)
        now = _as_text(file.read_bytes()) if file.is_file() else None
        before = contents["before"]
        if now == before:
            return True
        if now != contents["after"] and not whatever_it_holds:
            return False
        if before is None:
            file.unlink(missing_ok=True)
        else:
            replace_file(file, before.encode("latin-1"))
        return True

    def _end(self) -> None:
        (self._folder / _JOURNAL).unlink(missing_ok=True)

    def _recover(self) -> None:
        """Finish or take back what a killed run left, as its journal tells."""
        try:
            journal: _Journal = json.loads((self._folder / _JOURNAL).read_bytes())
        except FileNotFoundError:
            return
        except ValueError:
            self._end()
            return
        files = journal["files"]
        _, committed = self.repository.committed(list(files))
        if all(
            content is not None and _same(content, (files[path]["after"] or "").encode("latin-1"))
            for path, content in committed.items()
        ):
            remove_stale_locks(self.repository, journal["branch"], self._folder / _JOURNAL)
            self._end()
            self.recovered = "an earlier run was ended after its commit; the commit stands"
            return
        left = self._undo(journal)
        self.recovered = "an earlier run was ended half-way; what it had written was taken back"
        if left:
            self.recovered += f", but for {', '.join(left)}, which changed since"


def is_half_way(repository: Repository) -> bool:
    """Return whether a run was killed here that the next writing command clears up, or is still at work."""
    return (repository.git_dir / _FOLDER / _JOURNAL).exists()


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
    folder = repository.git_dir / _FOLDER
    try:
        folder.mkdir(exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise GitOpsSecretsError(f"{folder} cannot be written: {error.strerror}") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GitOpsSecretsError(
                "another gitops-secrets run, or a git it started, is at work in this repository",
                "wait for it to end, and run the same command again",
            ) from None
        transaction = Transaction(repository, lock)
        transaction._recover()  # noqa: SLF001
        yield transaction
    finally:
        os.close(lock)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back while half-written work is taken back."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _as_text(content: bytes | None) -> str | None:
    """Return *content* as JSON can hold it, byte for byte."""
    return None if content is None else content.decode("latin-1")


def _same(one: bytes, other: bytes) -> bool:
    # Git may check files out with CRLF, and commits them without.
    return one.replace(b"\r\n", b"\n") == other.replace(b"\r\n", b"\n")
