"""What each content of a history holds: remembered, or read with all processors while git walks on.

What is known lies in the cache, on disk. Of that the youngest is held in memory as well: a change is
judged by contents that came in shortly before.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Self

from gitops_secrets.adapters.cache.facts import FactsCache
from gitops_secrets.adapters.git.bulk import Contents
from gitops_secrets.adapters.git.objects import NO_OBJECTS, Git
from gitops_secrets.adapters.git.rawdiff import is_link
from gitops_secrets.commands.contents.known import Known
from gitops_secrets.commands.scan.messages import examine_messages
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.record.facts import NOTHING, Facts
from gitops_secrets.errors import GitOpsSecretsError

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

Found = tuple[dict[str, Facts], set[str], dict[str, str]]
"""The facts of contents with something to judge, which are missing, and the facts as the cache writes them."""
Messages = tuple[dict[str, Facts], list[str]]
"""The facts of commits with something to judge, and which commits could not be looked at."""

_ENCRYPTED = (
    b"kind: Secret\ndata: {a: 'ENC[AES256_GCM,data:aa==,iv:a=,tag:a==,type:str]'}\nsops: {mac: a}\n"
)
"""What loads all that encrypted contents are examined with."""
_PART = 2000
"""How many contents a worker is given at a time."""
_HELD_CLEAN = 100_000
"""How many ids are held in memory, of 0.1 kB each."""
_HELD_FACTS = 16_000
"""How many facts are held in memory, of 2 kB each."""

_contents: Contents | None = None
"""What a process of the pool reads with."""


class Reader:
    """Gives ``known`` the facts of contents."""

    def __init__(self, git: Git, cache: FactsCache) -> None:
        self.known = Known(git)
        self._git = git
        self._cache = cache
        self._pool: ProcessPoolExecutor | None = None
        self._parts: deque[tuple[list[str], Future[Found]]] = deque()
        self._rest: list[str] = []
        self._done = 0
        self._holds_all = cache.count() == 0
        self._remember(())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        if self._pool is not None:
            # What a process has taken cannot be cancelled, and may last. It ends with this one.
            self._pool.shutdown(wait=error is None, cancel_futures=True)

    def begin(self, ids: Iterable[str]) -> int:
        """Begin to read those of *ids* that are not known, and return what ``finish`` takes.

        They count as clean from now on, so that none is read twice: nothing may be judged by them
        before ``finish``.
        """
        new = self._unknown(ids)
        self.known.clean.update(new)
        self._rest += new
        while len(self._rest) >= _PART:
            self._submit(_PART)
        if self._pool is not None and self._rest:
            self._submit(len(self._rest))
        return self._done + len(self._parts)

    def begin_messages(self, ids: bytes) -> Callable[[], Messages]:
        """Begin to examine the commits whose ids are the lines of *ids*, and return what waits for the end of it."""
        if self._pool is None:
            return lambda: examine_messages(self._git, ids)
        step = (ids.find(b"\n") + 1) * _PART
        with _whole_pool(), _uninterrupted():
            parts = [
                self._pool.submit(_examine_messages, ids[at : at + step])
                for at in range(0, len(ids), step)
            ]

        def finish() -> Messages:
            facts: dict[str, Facts] = {}
            unread: list[str] = []
            for part in parts:
                with _whole_pool():
                    found, lost = part.result()
                facts |= found
                unread += lost
            return facts, unread

        return finish

    def is_done(self, begun: int) -> bool:
        """Return whether ``finish`` would return at once."""
        mine = islice(self._parts, max(0, begun - self._done))
        return not self._rest and all(part.done() for _, part in mine)

    def finish(self, begun: int) -> None:
        """Return once all is known, or known to be missing, that was begun until then."""
        while self._done < begun:
            ids, part = self._parts.popleft()
            self._done += 1
            with _whole_pool():
                found = part.result()
            self._keep(ids, found)
        # Two processes would take longer to start than so few contents to read.
        self._read(self._rest)
        self._rest = []

    def recall(self, ids: Iterable[str]) -> None:
        """Have ``known`` hold the facts of *ids*; what of them nobody asked for until now is read first."""
        self._read(self._unknown(ids))

    def forget(self) -> None:
        """Leave to the disk what was learnt long ago."""
        facts = self.known.facts
        if len(facts) > _HELD_FACTS:
            self._holds_all = False
            for name in list(islice(facts, len(facts) - _HELD_FACTS // 2)):
                del facts[name]
        if len(self.known.clean) > _HELD_CLEAN:
            self._holds_all = False
            self._remember([*self._rest, *(name for ids, _ in self._parts for name in ids)])

    def _unknown(self, ids: Iterable[str]) -> list[str]:
        """Return those of *ids* that were never read; what is remembered of the others is known now."""
        known = self.known
        new = [i for i in dict.fromkeys(ids) if i not in known.clean and not self._is_other(i)]
        if self._holds_all:
            return new
        facts = ((i, self._cache.facts(i)) for i in new)
        known.facts.update((i, remembered) for i, remembered in facts if remembered is not None)
        new = [i for i in new if i not in known.facts]
        clean = self._cache.clean(new) if new else set()
        known.clean |= clean
        return [i for i in new if i not in clean]

    def _read(self, ids: list[str]) -> None:
        if ids:
            self._keep(ids, _examine(self._git, self._git.contents(ids)))

    def _remember(self, begun: Iterable[str]) -> None:
        self.known.clean = {"", *NO_OBJECTS, *begun}

    def _is_other(self, name: str) -> bool:
        return name in self.known.facts or name in self.known.missing or is_link(name)

    def prepare(self) -> ProcessPoolExecutor:
        """Make ready to read much: for while git walks, and before the processes part."""
        from concurrent.futures import ProcessPoolExecutor

        engine.examine(_ENCRYPTED)
        self._pool = ProcessPoolExecutor(
            _processors(), initializer=_begin_worker, initargs=(self._git,)
        )
        return self._pool

    def _submit(self, number: int) -> None:
        pool = self._pool or self.prepare()
        ids, self._rest = self._rest[:number], self._rest[number:]
        with _whole_pool(), _uninterrupted():
            self._parts.append((ids, pool.submit(_examine_part, ids)))

    def _keep(self, ids: list[str], found: Found) -> None:
        facts, missing, lines = found
        self.known.clean.update(ids)
        self.known.clean.difference_update(facts, missing)
        self.known.facts.update(facts)
        self.known.missing.update(missing)
        self._cache.add([i for i in ids if i not in facts and i not in missing], lines)


@contextmanager
def _whole_pool() -> Iterator[None]:
    """Say so where a process of the pool was killed."""
    from concurrent.futures import BrokenExecutor

    try:
        yield
    except BrokenExecutor:
        raise GitOpsSecretsError(
            "a process that reads contents was killed",
            "free memory, or have it read with one processor: taskset -c 0 gitops-secrets scan --history",
        ) from None


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes that are started here ignore SIGINT.

    A terminal interrupts all of a program's processes at once, and one of them has the words for it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker(git: Git) -> None:
    """Start what reads contents in a process of the pool, and have it end with the one that has the pool.

    If that one is killed, this would otherwise wait for work forever. The signal by which a pool ends a process
    must not be taken for the error of one part, as an exception would be.
    """
    global _contents
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    _contents = Contents(git)

    def watch() -> None:
        from multiprocessing import parent_process

        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _examine_part(ids: list[str]) -> Found:
    """Read and examine *ids* in a process of the pool."""
    assert _contents is not None
    return _examine(_contents.git, _contents.read(ids))


def _examine_messages(ids: bytes) -> Messages:
    """Examine commits in a process of the pool."""
    assert _contents is not None
    return examine_messages(_contents.git, ids)


def _examine(git: Git, contents: Iterable[tuple[str, bytes | None]]) -> Found:
    known = Known(git)
    for name, content in contents:
        if content is None:
            known.missing.add(name)
            continue
        facts = engine.examine(content)
        if facts is not NOTHING or name in known.facts:
            known.add(name, facts)
    lines = {name: facts.to_json() for name, facts in known.facts.items()}
    return known.facts, known.missing, lines


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
