"""What a run is about to write: enough to take it back, kept in the Git folder until it is done.

It holds readable configuration and ciphertext. It is a file that somebody else may have written, so what it
names is checked before it is used: nothing outside the work tree, and nothing of Git's own, is touched.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from gitops_secrets.adapters.files import check_inside, new_token, remove_temporaries, replace_file
from gitops_secrets.adapters.git.repository import Head, Repository
from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.errors import GitOpsSecretsError

_ROOM = 64 * 1024
"""Bytes that taking a run back may need beside the files and the index."""


class Entry(NamedTuple):
    """What one file held, None if it was not there, and what it is to hold."""

    before: bytes | None
    after: bytes
    digest: str = ""
    """The SHA-256 of what it held, in a journal that was read and does not hold that; "" if it was not there."""


class Journal(NamedTuple):
    """One run's writing."""

    branch: str | None
    """The branch that the commit goes to."""
    commit: str | None
    """What the branch was at; None before the first commit."""
    commits: bool
    """Whether the files become a commit, or are left in the work tree."""
    files: dict[str, Entry]
    folders: tuple[str, ...]
    """The folders that the run makes, the deepest first."""
    token: str
    """What is in the names of the files under way: nothing in a repository can be called by it beforehand."""
    base: str | None = None
    """The branch that was checked out, if the run makes *branch* there for its commit."""

    @property
    def is_at_once(self) -> bool:
        """Whether all is written by one replacement, which needs no taking back."""
        return not self.commits and len(self.files) == 1


def plan_journal(
    repository: Repository, changes: Sequence[Change], head: Head | None, branch: str | None = None
) -> Journal:
    """Return the journal of *changes*, which become a commit on *head* if there is one, or on a new *branch* there."""
    top = repository.top
    folders = {
        str(parent.relative_to(top))
        for change in changes
        for parent in (top / change.path).parents
        if parent != top and top in parent.parents and not parent.exists()
    }
    base = head.branch if head is not None else None
    return Journal(
        branch or base,
        head.commit if head is not None else None,
        head is not None,
        {change.path: Entry(change.before, change.after) for change in changes},
        tuple(sorted(folders, key=len, reverse=True)),
        new_token(),
        base if branch not in (None, base) else None,
    )


class Desk:
    """The tool's folder in the Git folder: the journal, the room to take it back, the lock."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.folder = repository.git_dir / "gitops-secrets"
        self.journal = self.folder / "journal.json"
        self.kept = self.folder / "kept"
        """Where copies of files are that somebody changed while a run was at work on them."""
        self._room = self.folder / "room"

    def open_lock(self) -> int:
        """Return a descriptor of the file that is locked, made if there is none.

        Raises GitOpsSecretsError if the folder cannot be written, or is a link to another place.
        """
        try:
            with suppress(FileExistsError):
                self.folder.mkdir()
            if not stat.S_ISDIR(self.folder.lstat().st_mode):
                raise GitOpsSecretsError(
                    f"{self.folder} is not a folder, and this tool keeps its journal there",
                    f"rm {self.folder}",
                )
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            return os.open(self.folder / "lock", flags, 0o600)
        except OSError as error:
            raise GitOpsSecretsError(f"{self.folder} cannot be written: {error.strerror}") from None

    def begin(self, journal: Journal) -> None:
        """Keep *journal*, and room on the disk for taking it back. Raises OSError."""
        index = self._repository.git_dir / "index"
        size = sum(len(entry.before or b"") for entry in journal.files.values()) + _ROOM
        if journal.commits and index.exists():
            size += index.stat().st_size
        descriptor = os.open(self._room, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)
        replace_file(self.journal, _to_json(journal))

    def keep(self, path: str, content: bytes) -> None:
        """Keep a copy of *content*, which *path* holds and is about to lose. Raises OSError."""
        copy = self.kept / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        remove_temporaries(copy)
        replace_file(copy, content)

    def free_room(self) -> None:
        """Give back the room that was kept for taking a run back."""
        self._room.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove what a run left that was killed before its journal was there. Raises OSError."""
        self.free_room()
        remove_temporaries(self.journal)

    def end(self) -> None:
        """Remove the journal: what it was about is settled."""
        self.journal.unlink(missing_ok=True)
        self.free_room()

    def read(self) -> Journal | None:
        """Return the journal that a killed run left, None if there is none.

        Raises GitOpsSecretsError if it is not one that this tool writes for this work tree.
        """
        try:
            content = self.journal.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GitOpsSecretsError(f"{self.journal} cannot be read: {error.strerror}") from None
        try:
            journal = _from_json(content)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise self._unusable("it is not one of this version") from None
        for path in (*journal.files, *journal.folders):
            if not _is_plain(path):
                raise self._unusable(f"it names {path!r}, which is not a file of the work tree")
        try:
            for path in journal.files:
                check_inside(self._repository.top, path)
            for folder in journal.folders:
                check_inside(self._repository.top, f"{folder}/file")
        except GitOpsSecretsError as error:
            raise self._unusable(error.message) from None
        return journal

    def _unusable(self, why: str) -> GitOpsSecretsError:
        return GitOpsSecretsError(
            f"the journal of an earlier run cannot be used: {why}",
            f"see what git status shows, then: rm {self.journal}",
        )


def _is_plain(path: str) -> bool:
    """Return whether *path* leads from the top to a file of the work tree, and not into a Git folder."""
    parts = path.split("/")
    return "\0" not in path and not any(
        part in ("", ".", "..") or part.casefold().startswith((".git ", "git~"))
        or part.casefold().rstrip(" .") == ".git"
        for part in parts
    )  # fmt: skip


def _to_json(journal: Journal) -> bytes:
    files = {
        path: {
            # A file that is encrypted and left in the work tree may have been readable.
            "before": _as_text(entry.before) if journal.commits else None,
            "digest": "" if journal.commits else digest_of(entry.before),
            "after": _as_text(entry.after),
        }
        for path, entry in journal.files.items()
    }
    return json.dumps({**journal._asdict(), "files": files}).encode()


def _from_json(content: bytes) -> Journal:
    read = json.loads(content)
    files = {
        path: Entry(
            _as_bytes(entry["before"]), entry["after"].encode("latin-1"), entry.get("digest", "")
        )
        for path, entry in read["files"].items()
    }
    # Version 0.1.0 wrote neither what the branch was at, nor that it commits, which it always did.
    branch, commit, commits = read["branch"], read.get("commit"), read.get("commits", True)
    base = read.get("base")
    names = [name for name in (branch, commit, base) if name is not None]
    if not all(isinstance(name, str) for name in (*names, *read["folders"])):
        raise TypeError
    token = read.get("token", "")
    if not re.fullmatch("[0-9a-f]*", token):
        raise ValueError
    return Journal(branch, commit, bool(commits), files, tuple(read["folders"]), token, base)


def digest_of(content: bytes | None) -> str:
    """Return the SHA-256 of what a file holds, "" for None."""
    from hashlib import sha256

    return "" if content is None else sha256(content).hexdigest()


def _as_text(content: bytes | None) -> str | None:
    """Return *content* as JSON can hold it, byte for byte."""
    return None if content is None else content.decode("latin-1")


def _as_bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("latin-1")
