"""The guard, run over all of history: each content read once, each content at each path judged.

What it learns is kept in the user's cache folder: facts by blob id, and what the commits changed that were
walked. A second run reads only what is new. Paths, creation rules and exceptions are judged anew each time.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from itertools import chain, groupby, islice

from gitops_secrets.adapters.cache.facts import CacheError, FactsCache
from gitops_secrets.adapters.cache.folder import cache_file
from gitops_secrets.adapters.git.history import Batch, Walk
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.rawdiff import Change
from gitops_secrets.commands.policy import policies, revisions
from gitops_secrets.commands.scan.gone import with_gone
from gitops_secrets.commands.scan.history_reader import Messages, Reader
from gitops_secrets.commands.scan.judging import Judge, unread_of
from gitops_secrets.commands.scan.messages import (
    judge_objects,
    judge_one,
    scan_refs,
    tags_of,
)
from gitops_secrets.commands.scan.versions import told_once
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.filter.prefilter import may_be_sealed, may_name_a_key
from gitops_secrets.core.guard.judge.judgement import Judgement
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.errors import GitOpsSecretsError

Progress = Callable[[int, int], None]
"""Is told how many commits of how many were looked at."""

_SELDOM = (100_000, 50, 100)
"""When to look for cycles of garbage: nearly all that is made here is kept, or is freed without."""
_AHEAD = 3
"""How many batches of commits may wait for their contents to be read."""
_SILENCE = Judgement()
_SHALLOW = "the commits that this shallow clone lacks; git fetch --unshallow, or fetch-depth: 0 in CI, brings them"
_MANY = 2000
"""So many commits bring in more contents than one process should read."""
_AT_ONCE = 1000
"""How many commits of an earlier walk are judged at a time."""


def scan_history(git: Git, policy: str | None, progress: Progress, *, cached: bool) -> Outcome:
    """Judge every commit that any ref reaches, by the policy of HEAD or of the revision *policy*."""
    gc.set_threshold(*_SELDOM)
    if cached:
        cache = FactsCache(cache_file(git), engine.ENGINE_VERSION)
        try:
            with closing(cache):
                return _Scan(git, cache, policy).run(progress)
        except CacheError:
            cache.discard()
    try:
        with closing(FactsCache(None, "")) as cache:
            return _Scan(git, cache, policy).run(progress)
    except CacheError as error:
        raise GitOpsSecretsError(
            f"what was learnt of the history could not be kept on disk: {error}",
            "TMPDIR=FOLDER gitops-secrets scan --history --no-cache",
        ) from None


class _Scan:
    """One run: earlier and new changes, each judged once the contents about it are known."""

    def __init__(self, git: Git, cache: FactsCache, policy: str | None) -> None:
        self._git = git
        self._cache = cache
        self._policy = policy
        named = revisions.head(git) if policy is None else revisions.trusted(git, policy)
        self._source = named.id if named is not None else ""
        """The commit by whose policy all is judged; empty before the first."""
        self._reader = Reader(git, cache)
        self._judgements: list[Judgement] = []
        self._unread: list[str] = []
        self._missing: set[str] = set()
        """Of what was asked for: a path that looks like a change has others asked for."""

    def run(self, progress: Progress) -> Outcome:
        now = self._git.ask("rev-list", "--no-walk", "--all").decode().split()
        tips = self._tips()
        walk = Walk(self._git, now, tips)
        progress(0, walk.commits)
        with self._reader:
            if walk.commits > _MANY:
                self._reader.prepare()
            for changes in _in_parts(self._cache.changes()) if tips else ():
                self._recall(changes)
                self._weigh(changes)
            self._cache.begin_walk(anew=not tips)
            finish_messages = self._reader.begin_messages(walk.ids())
            self._go_through(walk, progress)
            self._judge_messages(finish_messages())
        if not self._missing and not self._is_shallow():
            self._cache.end_walk(now)
        self._cache.save()
        total = Judgement(
            with_gone(
                self._git, told_once(self._git, [f for j in self._judgements for f in j.findings])
            ),
            tuple(i for j in self._judgements for i in j.ignored),
        )
        read = self._cache.count() + len(self._missing)
        if self._is_shallow():
            self._unread.append(_SHALLOW)
        return Outcome("contents", read, total, tuple(self._unread))

    def _is_shallow(self) -> bool:
        """Return whether commits may come to light behind those that were walked."""
        return self._git.is_shallow()

    def _tips(self) -> list[str]:
        """Return the tips that an earlier run walked from, if all that it found still counts."""
        tips = self._cache.tips()
        try:
            gone = tips and self._git.ask(
                *("rev-list", "--max-count=1", "--stdin", "--not", "--all"),
                stdin="\n".join(tips).encode(),
            )
        except GitOpsSecretsError:
            return []
        return [] if gone else tips

    def _judge_messages(self, new: Messages) -> None:
        """Judge what earlier runs kept of messages, what is *new*, and all tags and refs."""
        facts, unread = new
        self._cache.add_messages(facts)
        self._unread += unread
        policy = self._judge.policy
        self._judgements += (
            judge_one("commit", name, facts, policy) for name, facts in self._cache.messages()
        )
        listed = self._git.ask("for-each-ref", "--format=%(objectname) %(objecttype) %(refname)")
        refs = [line.split(b" ", 2) for line in listed.splitlines()]
        tags, _ = tags_of(self._git, [name.decode() for name, kind, _ in refs if kind == b"tag"])
        told = judge_objects(tags, policy)
        told = told.joined(scan_refs(((name.decode(), ref) for name, _, ref in refs), policy))
        self._judgements.append(told.judgement)
        self._unread += told.unread

    def _go_through(self, walk: Walk, progress: Progress) -> None:
        """Judge each batch of *walk* when its contents were read, while git and the readers go on."""
        reader = self._reader
        waiting: deque[tuple[Batch, int]] = deque()
        done = 0
        for batch in chain(walk.batches(), (None,)):
            if batch is not None:
                waiting.append((batch, reader.begin(batch.contents())))
            while waiting and (
                batch is None or len(waiting) > _AHEAD or reader.is_done(waiting[0][1])
            ):
                first, begun = waiting.popleft()
                reader.finish(begun)
                self._look_at(first)
                done += first.commits
                progress(done, walk.commits)

    def _look_at(self, batch: Batch) -> None:
        """Judge what *batch* brought in, all of which was read."""
        known = self._reader.known
        # A path that is a key matters whatever its content, and one that is to be encrypted as well.
        all_matter = may_name_a_key(batch.raw) or may_be_sealed(batch.raw)
        changes = batch.changes(() if all_matter else known.clean)
        self._recall(changes)
        if known.missing:
            self._missing |= known.missing.intersection(i for c in changes for i in (c.new, *c.old))
        self._weigh(self._cache.add_changes([c for c in changes if self._matters(c)]))
        self._cache.save(seldom=True)

    def _recall(self, changes: list[Change]) -> None:
        self._reader.recall(i for c in changes for i in (c.new, *c.old))

    def _matters(self, change: Change) -> bool:
        known = self._reader.known
        facts = known.of(change.new)
        return bool(facts or facts.markers or _is_told_by_path(change)) or (
            change.new in known.missing or any(known.of(old).objects for old in change.old)
        )

    def _weigh(self, changes: list[Change]) -> None:
        judgement = self._judge.judge(changes)
        if judgement != _SILENCE:
            self._judgements.append(judgement)
        self._unread += unread_of(changes, self._reader.known)
        self._reader.forget()

    @cached_property
    def _judge(self) -> Judge:
        terms = policies.of_revision(self._git, self._source, own_markers=self._policy is None)
        return Judge(self._reader.known, terms.policy, terms.trusted)


def _is_told_by_path(change: Change) -> bool:
    return may_name_a_key(change.path) or (bool(change.new) and may_be_sealed(change.path))


def _in_parts(changes: Iterator[Change]) -> Iterator[list[Change]]:
    """Yield *changes* some at a time, those of a commit together."""
    commits = groupby(changes, key=lambda c: c.commit)
    whole = (list(group) for _, group in commits)
    while part := list(islice(whole, _AT_ONCE)):
        yield [change for commit in part for change in commit]
