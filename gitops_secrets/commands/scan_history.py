"""The guard, run over all of history: each content read once, each content at each path judged.

What it learns is kept in the Git folder: facts by blob id, and which commits were walked. A second
run reads only what is new. Paths, creation rules and exceptions are judged anew each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gitops_secrets.adapters.facts_cache import FactsCache, parse_walk, render_walk
from gitops_secrets.adapters.objects import NO_OBJECT, Change, Git
from gitops_secrets.commands import policies
from gitops_secrets.commands.judging import Judge, Known, unread_of
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.facts import Facts
from gitops_secrets.core.outcome import Outcome
from gitops_secrets.errors import GitOpsSecretsError

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

Found = tuple[dict[str, Facts], set[str]]
"""The facts of contents with something to judge, and which are missing."""
Progress = Callable[[int, int], None]
"""Is told how many contents of how many were read."""

_PART = 2000
"""How many contents a worker reads at a time: a git process each, and bounded memory."""


def scan_history(git: Git, policy: str | None, progress: Progress, *, cached: bool) -> Outcome:
    """Judge every commit that any ref reaches, by the policy of HEAD or of the revision *policy*."""
    git_dir = Path(os.fsdecode(git.ask("rev-parse", "--absolute-git-dir").rstrip(b"\n")))
    cache = FactsCache(git_dir, engine.ENGINE_VERSION)
    if not cached:
        cache = FactsCache(git_dir, "")
    known = Known(git)
    tips, before = _walked(git, cache)
    with _Reader(git, known, cache, progress) as reader:
        walk = git.begin_changes("--all", *(("--not", *tips) if tips else ()))
        if not tips:
            # Nothing is known: all that Git holds is read while Git walks.
            reader.begin_all()
        reader.wait()
        known.clean.add(NO_OBJECT)
        changes = _first([*before, *walk(known.clean)])
        reader.read(dict.fromkeys(i for c in changes for i in (c.new, *c.old) if i))
    changes = [c for c in changes if _matters(known, c)]
    terms = policies.of_revision(git, _policy(git, policy), own_markers=policy is None)
    judgement = Judge(known, terms.policy, terms.trusted).judge(changes, {})
    read = known.clean.union(known.facts, cache.clean, known.missing) - {NO_OBJECT}
    if cached and not known.missing:
        cache.add(known.clean - {NO_OBJECT}, known.facts)
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
        self._parts: list[tuple[list[str], Future[Found]]] = []
        known.clean.update(cache.clean)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def begin_all(self) -> None:
        """Begin to read everything that Git holds here, but for what the cache knows."""
        part = []
        for name in self._git.all_contents():
            if not self._cache.knows(name):
                part.append(name)
            if len(part) == _PART:
                self._begin(part)
                part = []
        if self._parts:
            self._begin(part)

    def read(self, ids: Iterable[str]) -> None:
        """Return once *ids* are known, or known to be missing."""
        wanted = []
        for name in ids:
            facts = None if self._known.knows(name) else self._cache.get(name)
            if facts is not None:
                self._known.add(name, facts)
            elif not self._known.knows(name):
                wanted.append(name)
        if len(wanted) < _PART:
            self._known.learn(wanted)
        else:
            for at in range(0, len(wanted), _PART):
                self._begin(wanted[at : at + _PART])
            self.wait()

    def wait(self) -> None:
        """Return once all is known that was begun."""
        done = 0
        total = sum(len(ids) for ids, _ in self._parts)
        for ids, part in self._parts:
            facts, missing = part.result()
            self._known.clean.update(ids)
            self._known.clean.difference_update(facts, missing)
            self._known.facts.update(facts)
            self._known.missing.update(missing)
            done += len(ids)
            self._progress(done, total)
        self._parts.clear()

    def _begin(self, ids: list[str]) -> None:
        from concurrent.futures import ProcessPoolExecutor

        self._pool = self._pool or ProcessPoolExecutor(_processors())
        self._parts.append((ids, self._pool.submit(_examine, self._git, ids)))


def _examine(git: Git, ids: list[str]) -> Found:
    known = Known(git)
    known.learn(ids)
    return known.facts, known.missing


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
