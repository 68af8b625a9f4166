"""What the guard knows of contents and what the walk through history found, on disk.

In a file of the user's own, or in one without a name that goes with the process. No secret and no
function of one is in it. It belongs to one version of the engine, and whatever cannot be read of it is
learnt anew. What is in it is believed, so it lies where ``cache_folder`` says, and a server and a hook
keep none.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
import time
from pathlib import Path

from gitops_secrets.adapters.git.rawdiff import Change
from gitops_secrets.core.guard.record.facts import Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

CacheError = sqlite3.Error
"""What any method may raise: the file was spoilt, or the disk is full."""

_SCHEMA = """
CREATE TABLE about (version TEXT, tips TEXT);
CREATE TABLE clean (ids TEXT, number INTEGER);
CREATE TABLE facts (id TEXT PRIMARY KEY, facts TEXT);
CREATE TABLE changes (number INTEGER PRIMARY KEY, "commit" TEXT, path BLOB, new TEXT, old TEXT);
CREATE TABLE messages (id TEXT PRIMARY KEY, facts TEXT);
CREATE UNIQUE INDEX places ON changes (new, path);
"""
"""Most contents are clean, so their ids lie together: read one after another, they need no index.
Where a path is deleted, ``new`` is NULL, which is like no other.
"""
_SECONDS = 10
"""How much of its work a run may lose."""


class FactsCache:
    """Facts by blob id, and the changes that matter. A transaction is open all the time."""

    def __init__(self, path: Path | None, version: str) -> None:
        """Open the file at *path*; an empty cache if it is None, cannot be used, or another run uses it."""
        self._path = path
        self._db = self._open(version) or _create(
            sqlite3.connect("", isolation_level=None), version
        )
        self._saved = time.monotonic()

    def _open(self, version: str) -> sqlite3.Connection | None:
        if self._path is None:
            return None
        for _ in range(2):
            try:
                _make_file(self._path)
                db = sqlite3.connect(self._path, isolation_level=None, timeout=0)
                return _of_version(db, version)
            except (OSError, sqlite3.OperationalError):
                return None
            except sqlite3.DatabaseError:
                with contextlib.suppress(OSError):
                    self._path.unlink()
        return None

    def discard(self) -> None:
        """Close it, and have the next run begin with an empty one."""
        self._db.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def count(self) -> int:
        """Return how many contents are known."""
        (clean,) = self._db.execute("SELECT total(number) FROM clean").fetchone()
        (others,) = self._db.execute("SELECT count(*) FROM facts").fetchone()
        return int(clean) + int(others)

    def clean(self, ids: Collection[str]) -> set[str]:
        """Return those of *ids* that have nothing to judge."""
        wanted = set(ids)
        found: set[str] = set()
        for (some,) in self._db.execute("SELECT ids FROM clean"):
            found |= wanted.intersection(some.split())
        return found

    def facts(self, blob: str) -> Facts | None:
        """Return the facts of *blob*, None if it is clean or not known."""
        row = self._db.execute("SELECT facts FROM facts WHERE id = ?", (blob,)).fetchone()
        try:
            return None if row is None else Facts.from_json(row[0])
        except ValueError as error:
            raise sqlite3.DatabaseError(str(error)) from None

    def add(self, clean: Collection[str], facts: Mapping[str, str]) -> None:
        """Keep what was learnt of contents that were not known: facts as JSON."""
        if clean:
            self._db.execute("INSERT INTO clean VALUES (?, ?)", (" ".join(clean), len(clean)))
        self._db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def add_changes(self, changes: list[Change]) -> list[Change]:
        """Keep *changes*, and return them; repeats of an earlier (path, content) keep only their old contents."""
        (last,) = self._db.execute("SELECT ifnull(max(number), 0) FROM changes").fetchone()
        insert = 'INSERT OR IGNORE INTO changes ("commit", path, new, old) VALUES (?, ?, ?, ?)'
        rows = [(c.commit, os.fsencode(c.path), c.new or None, " ".join(c.old)) for c in changes]
        before = self._db.total_changes
        self._db.executemany(insert, rows)
        if self._db.total_changes - before == len(rows):
            return changes
        self._db.execute("DELETE FROM changes WHERE number > ?", (last,))
        for commit, path, new, old in rows:
            is_new = self._db.execute(insert, (commit, path, new, old)).rowcount
            if not is_new and old:
                # What its path held before may stand elsewhere since that commit.
                self._db.execute(insert, (commit, path, None, old))
        return list(self._changes_after(last))

    def changes(self) -> Iterator[Change]:
        """Yield the changes of the walk, oldest first."""
        yield from self._changes_after(0)

    def _changes_after(self, number: int) -> Iterator[Change]:
        select = 'SELECT "commit", path, new, old FROM changes WHERE number > ? ORDER BY number'
        for commit, path, new, old in self._db.execute(select, (number,)):
            yield Change(os.fsdecode(path), new or "", tuple(old.split()), commit)

    def add_messages(self, facts: Mapping[str, Facts]) -> None:
        """Keep the facts of commits whose messages have something to judge, by their ids."""
        rows = ((name, found.to_json()) for name, found in facts.items())
        self._db.executemany("INSERT OR REPLACE INTO messages VALUES (?, ?)", rows)

    def messages(self) -> list[tuple[str, Facts]]:
        """Return what was kept of the messages of the walk."""
        try:
            rows = self._db.execute("SELECT id, facts FROM messages ORDER BY rowid").fetchall()
            return [(str(name), Facts.from_json(text)) for name, text in rows]
        except ValueError as error:
            raise sqlite3.DatabaseError(str(error)) from None

    def tips(self) -> list[str]:
        """Return the commits from which all was walked; none where a walk did not come to its end."""
        (tips,) = self._db.execute("SELECT tips FROM about").fetchone()
        try:
            return [str(tip) for tip in json.loads(tips)]
        except (ValueError, TypeError) as error:
            raise sqlite3.DatabaseError(str(error)) from None

    def begin_walk(self, *, anew: bool) -> None:
        """Say that changes will be added, after those of the walk before or, *anew*, instead of them."""
        self._db.execute("UPDATE about SET tips = '[]'")
        if anew:
            self._db.execute("DELETE FROM changes")
            self._db.execute("DELETE FROM messages")

    def end_walk(self, tips: Iterable[str]) -> None:
        """Say that all was walked that *tips* reach."""
        self._db.execute("UPDATE about SET tips = ?", (json.dumps(list(tips)),))

    def save(self, *, seldom: bool = False) -> None:
        """Have what was kept outlive this process, even if it is killed; with *seldom* not at each call."""
        if not seldom or time.monotonic() - self._saved > _SECONDS:
            self._db.execute("COMMIT")
            self._db.execute("BEGIN")
            self._saved = time.monotonic()

    def close(self) -> None:
        """Close it; what was not saved is gone."""
        self._db.close()


def _make_file(path: Path) -> None:
    """Have *path* be a file for its owner alone. Raises OSError if it is anything but a file of the user's own."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise OSError(f"{path} is not a file of the user's own")
    finally:
        os.close(descriptor)


def _of_version(db: sqlite3.Connection, version: str) -> sqlite3.Connection:
    """Lock *db* for as long as it is open, and empty it unless it is of *version*."""
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN EXCLUSIVE")
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    if "about" in tables and db.execute("SELECT version FROM about").fetchall() == [(version,)]:
        return db
    for table in tables:
        db.execute(f'DROP TABLE "{table}"')
    return _create(db, version)


def _create(db: sqlite3.Connection, version: str) -> sqlite3.Connection:
    if not db.in_transaction:
        db.execute("BEGIN")
    for statement in _SCHEMA.strip().split("\n"):
        db.execute(statement)
    db.execute("INSERT INTO about VALUES (?, '[]')", (version,))
    return db
