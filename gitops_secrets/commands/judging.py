"""Changes judged: contents read once each, facts from there, a verdict for each content at each path."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from gitops_secrets.adapters.objects import OVERLAP, Change, Git
from gitops_secrets.core.findings import Finding
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.baseline import BaselineEntry
from gitops_secrets.core.guard.facts import NOTHING, Facts, Marker
from gitops_secrets.core.guard.judgement import Ignored, Judgement
from gitops_secrets.core.guard.policy import Policy

TrustedMarkers = Callable[[str], Collection[Marker]]
"""Returns the markers that count at a path."""


@dataclass
class Known:
    """The facts of contents, by blob id."""

    git: Git
    facts: dict[str, Facts] = field(default_factory=dict)
    """Of contents with something to judge, or a marker."""
    missing: set[str] = field(default_factory=set)

    def learn(self, ids: Iterable[str]) -> None:
        """Read and examine what is not known yet."""
        wanted = [i for i in dict.fromkeys(ids) if i and i not in self.facts]
        for name, content in self.git.contents(wanted):
            if content is None:
                self.missing.add(name)
            else:
                self.add(name, engine.examine(content))

    def add(self, blob: str, facts: Facts) -> None:
        """Keep *facts*; of a content that came in parts all of them."""
        before = self.facts.get(blob)
        if before is not None:
            facts = Facts(before.notes + facts.notes, before.objects + facts.objects)
        if facts or facts.markers or before is not None:
            self.facts[blob] = facts

    def of(self, blob: str) -> Facts:
        """Return the facts of *blob*, which was learnt."""
        return self.facts.get(blob, NOTHING)


@dataclass(frozen=True)
class Judge:
    """Judges changes by one policy."""

    known: Known
    policy: Callable[[], Policy]
    """Called only where something is there to be judged."""
    trusted: TrustedMarkers | None = None
    """None where a content's own markers count."""

    def judge(
        self, changes: Sequence[Change], tree: Callable[[], Mapping[str, str]] | None = None
    ) -> Judgement:
        """Return the verdict on *changes*, whose contents are known, new and old.

        *tree* returns the whole tree that the changes lead to, by path: where ciphertext is among
        them, it is held against every other object there.
        """
        found: list[Finding] = []
        ignored: list[Ignored] = []
        for commit, group in groupby(changes, key=lambda c: c.commit):
            of_commit = list(group)
            old = [(c.path, self.known.of(i)) for c in of_commit for i in c.old]
            judgement = Judgement()
            for change in of_commit:
                judgement += self._one(change, old)
            found += (replace(f, commit=commit) for f in judgement.findings)
            ignored += (
                replace(i, finding=replace(i.finding, commit=commit)) for i in judgement.ignored
            )
        total = Judgement(tuple(found), tuple(ignored))
        return total + self._copies(changes, tree) if tree is not None else total

    def _one(self, change: Change, old: list[tuple[str, Facts]]) -> Judgement:
        facts = self.known.of(change.new)
        if not facts and not facts.markers:
            return Judgement()
        trusted = None if self.trusted is None else self.trusted(change.path)
        policy, unchanged = self.policy(), self._unchanged(change)
        judgement = engine.judge(
            change.path, facts, policy, trusted_markers=trusted, unchanged=unchanged
        )
        return judgement + engine.judge_change(
            change.path, facts, old, policy, trusted_markers=trusted, unchanged=unchanged
        )

    def _copies(
        self, changes: Sequence[Change], tree: Callable[[], Mapping[str, str]]
    ) -> Judgement:
        changed = {
            c.path
            for c in changes
            if any(o.ciphertexts or o.wrapped for o in self.known.of(c.new).objects)
        }
        if not changed:
            return Judgement()
        blobs = tree()
        self.known.learn(blobs.values())
        files = {path: self.known.of(blob) for path, blob in blobs.items()}
        trusted = None if self.trusted is None else {p: self.trusted(p) for p in changed}
        return engine.judge_set(
            {p: f for p, f in files.items() if f.objects},
            self.policy(),
            only=changed,
            trusted_markers=trusted,
        )

    def _unchanged(self, change: Change) -> Callable[[BaselineEntry, Finding], bool]:
        def unchanged(entry: BaselineEntry, finding: Finding) -> bool:
            names = (f"{entry.commit}:{entry.path}", change.new)
            contents = [*read_whole(self.known.git, names).values()]
            return len(contents) == 2 and engine.same_value(contents[0], contents[1], finding)

        return unchanged


def read_whole(git: Git, names: Sequence[str]) -> dict[str, bytes]:
    """Return the contents of those of *names* that are there, in their order, whole at any size."""
    found: dict[str, bytes] = {}
    for name, content in git.contents(names):
        if content is not None:
            found[name] = found[name] + content[OVERLAP:] if name in found else content
    return found
