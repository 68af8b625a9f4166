"""The guard, run over all of history: each content read once, each content at each path judged.

What it learns is kept in the Git folder: facts by blob id, and which commits were walked. A second
run reads only what is new. Paths, creation rules and exceptions are judged anew each time.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gitops_secrets.adapters.bulk import contents_at_once, limit_room
from gitops_secrets.adapters.facts_cache import FactsCache, parse_walk, render_walk
from gitops_secrets.adapters.history import History
from gitops_secrets.adapters.objects import NO_OBJECTS, Git
from gitops_secrets.adapters.rawdiff import Change
from gitops_secrets.commands import policies
from gitops_secrets.commands.judging import Judge, Known, unread_of
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.facts import NOTHING, Facts
from gitops_secrets.core.outcome import Outcome
from gitops_secrets.errors import GitOpsSecretsError

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

Found = tuple[dict[str, Facts], set[str], dict[str, str]]
"""The facts of contents with something to judge, which are missing, and the facts as the cache writes them."""
Progress = Callable[[int, int], None]
"""Is told how many contents of how many were read."""

_SELDOM = (100_000, 50, 100)
"""When to look for cycles of garbage: nearly all that is made here is kept, or is freed without."""
_PART = 2000
"""How many contents a worker reads at a time: a git process each, and bounded memory."""


def scan_history(git: Git, policy: str | None, progress: Progress, *, cached: bool) -> Outcome:
    """Judge every commit that any ref reaches, by the policy of HEAD or of the revision *policy*."""
    gc.set_threshold(*_SELDOM)
    git_dir = Path(os.fsdecode(git.ask("rev-parse", "--absolute-git-dir").rstrip(b"\n")))
    cache = FactsCache(git_dir, engine.ENGINE_VERSION)
    if not cached:
        cache = FactsCache(git_dir, "")
    known = Known(git)
    tips, before = _walked(git, cache)
    with _Reader(git, known, cache, progress) as reader:
        history = History(git, "--all", *(("--not", *tips) if tips else ()))
        for ids in history.contents():
            reader.begin(ids)
        reader.finish()
        known.clean.update(NO_OBJECTS)
        changes = _first([*before, *history.changes(known.clean)])
        reader.begin(i for c in changes for i in (c.new, *c.old) if i)
        reader.finish()
    changes = [c for c in changes if _matters(known, c)]
    terms = policies.of_revision(git, _policy(git, policy), own_markers=policy is None)
    judgement = Judge(known, terms.policy, terms.trusted).judge(changes, {})
    read = known.clean.union(known.facts, cache.clean, known.missing) - NO_OBJECTS
    if cached and not known.missing:
        cache.add(known.clean - NO_OBJECTS, reader.lines)
        now = git.ask("rev-parse", "--all").decode().split()
        cache.walked = render_walk(
            sorted(set(now)), [[c.commit, c.path, c.new, list(c.old)] for c in changes]
        )
        cache.save()
    return Outcome("contents", len(read), judgement, unread_of(changes, known.missing))


def _policy(git: Git, policy: str | None) -> str:
    if policy is not None:
        return policy
    try:
        return git.ask("rev-parse", "--verify", "--quiet", "HEAD").decode().strip()
    except GitOpsSecretsError:
        return ""


def _walked(git: Git, cache: FactsCache) -> tuple[list[str], list[Change]]:
    """Return the tips that an earlier run walked from and what it found, if all of it still counts."""
    tips, rows = parse_walk(cache.walked)
    try:
        if not tips or git.ask("rev-list", "--max-count=1", *tips, "--not", "--all"):
            return [], []
    except GitOpsSecretsError:
        return [], []
    return tips, [
        Change(str(path), str(new), tuple(old), str(commit))  # type: ignore[arg-type]
        for commit, path, new, old in rows
    ]


def _first(changes: list[Change]) -> list[Change]:
    """Return *changes* less those whose content an earlier commit brought to the same path."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for change in changes:
        place = (change.path, change.new)
        if not change.new or place not in seen:
            seen.add(place)
            kept.append(change)
    return kept


def _matters(known: Known, change: Change) -> bool:
    facts = known.of(change.new)
    return bool(facts or facts.markers) or (
        change.new in known.missing or any(known.of(old).objects for old in change.old)
    )


class _Reader:
    """Gives ``known`` the facts of contents: from the cache, or read with all processors."""

    def __init__(self, git: Git, known: Known, cache: FactsCache, progress: Progress) -> None:
        self._git = git
        self._known = known
        self._cache = cache
        self._progress = progress
        self._pool: ProcessPoolExecutor | None = None
        self._seen = set(NO_OBJECTS)
        self._next: list[str] = []
        self._parts: list[tuple[list[str], Future[Found]]] = []
        self.lines: dict[str, str] = {}
        """What was learnt here, as the cache writes it."""
        known.clean.update(cache.clean)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, ids: Iterable[str]) -> None:
        """Begin to read those of *ids* that are not known yet."""
        for name in ids:
            if name in self._seen:
                continue
            self._seen.add(name)
            if name in self._known.clean:
                continue
            facts = self._cache.get(name)
            if facts is not None:
                self._known.add(name, facts)
                continue
            self._next.append(name)
            if len(self._next) == _PART:
                self._submit()

    def finish(self) -> None:
        """Return once all is known, or known to be missing, that was begun."""
        if not self._parts:
            # Two processes would take longer to start than so few contents to read.
            self._keep(self._next, _examine(self._git, self._git.contents(self._next)))
            self._next = []
            return
        self._submit()
        for ids, part in self._parts:
            self._keep(ids, part.result())
            self._say()
        self._parts.clear()

    def _submit(self) -> None:
        from concurrent.futures import ProcessPoolExecutor

        self._pool = self._pool or ProcessPoolExecutor(
            _processors(), initializer=_end_with, initargs=(os.getpid(),)
        )
        self._parts.append((self._next, self._pool.submit(_examine_part, self._git, self._next)))
        self._next = []
        self._say()

    def _say(self) -> None:
        done = sum(len(ids) for ids, part in self._parts if part.done())
        self._progress(done, sum(len(ids) for ids, _ in self._parts))

    def _keep(self, ids: list[str], found: Found) -> None:
        facts, missing, lines = found
        self._known.clean.update(ids)
        self._known.clean.difference_update(facts, missing)
        self._known.facts.update(facts)
        self._known.missing.update(missing)
        self.lines.update(lines)


def _end_with(parent: int) -> None:
    """End this process soon after *parent*, which may be killed: it would wait for more work for ever."""
    limit_room()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _examine_part(git: Git, ids: list[str]) -> Found:
    """Read and examine *ids* in a process of the pool."""
    return _examine(git, contents_at_once(git, ids))


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
