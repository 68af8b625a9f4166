"""The guard, run over all of history: each content read once, each content at each path judged.

What it learns is kept in the Git folder: facts by blob id, and which commits were walked. A second
run reads only what is new. Paths, creation rules and exceptions are judged anew each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gitops_secrets.adapters.facts_cache import FactsCache, parse_walk, render_walk
from gitops_secrets.adapters.objects import Change, Git
from gitops_secrets.commands import policies
from gitops_secrets.commands.judging import Judge, Known, unread_of
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.facts import Facts
from gitops_secrets.core.outcome import Outcome
from gitops_secrets.errors import GitOpsSecretsError

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
    new = list(git.changes("--all", *(("--not", *tips) if tips else ())))
    changes = _first(before + new)
    _learn(known, cache, changes, progress)
    changes = [c for c in changes if _matters(known, c)]
    terms = policies.of_revision(git, _policy(git, policy), own_markers=policy is None)
    judgement = Judge(known, terms.policy, terms.trusted).judge(changes, {})
    if cached and not known.missing:
        now = git.ask("rev-parse", "--all").decode().split()
        cache.walked = render_walk(
            sorted(set(now)), [[c.commit, c.path, c.new, list(c.old)] for c in changes]
        )
        cache.save()
    return Outcome("contents", len(before) + len(new), judgement, unread_of(changes, known.missing))


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


def _learn(known: Known, cache: FactsCache, changes: Sequence[Change], progress: Progress) -> None:
    """Take the facts of all contents from the cache, or read them, with all processors."""
    wanted = []
    for blob in dict.fromkeys(i for c in changes for i in (c.new, *c.old) if i):
        facts = cache.get(blob)
        if facts is None:
            wanted.append(blob)
        else:
            known.add(blob, facts)
    if len(wanted) < _PART:
        known.learn(wanted)
    else:
        for blob, facts in _work(known.git, _in_pack_order(known.git, wanted), progress):
            if facts is None:
                known.missing.add(blob)
            else:
                known.add(blob, facts)
    for blob in wanted:
        if blob not in known.missing:
            cache.add(blob, known.of(blob))


def _in_pack_order(git: Git, ids: list[str]) -> list[str]:
    """Return *ids* as they lie in the packs, in which order Git reads them without starting over."""
    out = git.ask(
        "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)"
    ).decode()
    wanted = set(ids)
    there = dict.fromkeys(i for i in out.split() if i in wanted)
    return [*there, *(i for i in ids if i not in there)]


def _work(git: Git, ids: list[str], progress: Progress) -> Iterator[tuple[str, Facts | None]]:
    """Yield the facts of *ids*, None for what is missing; every processor works at it."""
    from concurrent.futures import ProcessPoolExecutor

    parts = [ids[i : i + _PART] for i in range(0, len(ids), _PART)]
    done = 0
    with ProcessPoolExecutor(_processors()) as pool:
        for part, found in zip(parts, pool.map(_examine, [git] * len(parts), parts), strict=True):
            yield from found
            done += len(part)
            progress(done, len(ids))


def _examine(git: Git, ids: list[str]) -> list[tuple[str, Facts | None]]:
    known = Known(git)
    known.learn(ids)
    missing: list[tuple[str, Facts | None]] = [(blob, None) for blob in known.missing]
    return [*missing, *known.facts.items()]


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
