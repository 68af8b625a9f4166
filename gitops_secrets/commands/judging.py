"""Changes judged: contents read once each, facts from there, a verdict for each content at each path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

from gitops_secrets.adapters.objects import Git
from gitops_secrets.adapters.rawdiff import Change
from gitops_secrets.commands.policies import TrustedMarkers, read_whole
from gitops_secrets.commands.telling import Telling, key_in, may_name_a_key
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.facts import NOTHING, Facts
from gitops_secrets.core.guard.judgement import Ignored, Judgement
from gitops_secrets.core.outcome import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.commands.policies import Terms
    from gitops_secrets.commands.telling import Judged, Read
    from gitops_secrets.core.findings import Finding
    from gitops_secrets.core.guard.baseline import BaselineEntry
    from gitops_secrets.core.guard.policy import Policy

_SILENCE = Judgement()
_RUN = re.compile(rb"[A-Za-z0-9+/]{20,}")
"""What a ciphertext's tag and a line of a wrapped data key have in common."""


class Known:
    """The facts of contents, by blob id."""

    def __init__(self, git: Git, read: Read | None = None) -> None:
        """Know nothing yet; *read* reads what git has not, and is git's own reading without it."""
        self.git = git
        self.telling = Telling(read or git.contents)
        self.facts: dict[str, Facts] = {}
        """Of contents with something to judge, or a marker."""
        self.missing: set[str] = set()
        self.clean: set[str] = set()
        """Contents that were examined and hold nothing to judge."""

    def learn(self, ids: Iterable[str]) -> None:
        """Read and examine what is not known yet."""
        wanted = [i for i in dict.fromkeys(ids) if i and not self.knows(i)]
        for name, content in self.git.contents(wanted):
            self._learn_one(name, content)

    def learn_copies(
        self, encrypted: Sequence[str], old: Iterable[str], others: Iterable[str]
    ) -> None:
        """Examine *old*, and what of *others* shares a ciphertext or a wrapped key with *encrypted*.

        A tree may hold thousands of Secrets, and a commit shall not wait until each was parsed: what
        shares a ciphertext shares a long run of base64, and only such contents are looked at.
        """
        first = dict.fromkeys(encrypted)
        before = {i for i in old if i and i not in first and not self.knows(i)}
        rest = [
            i for i in dict.fromkeys(others)
            if i not in first and i not in before and not self.knows(i)
        ]  # fmt: skip
        runs: set[bytes] = set()
        for name, content in self.git.contents([*first, *before, *rest]):
            if name in before:
                self._learn_one(name, content)
                continue
            if content is None or b"E" not in content:
                continue
            found = set(_RUN.findall(content.replace(b"\0", b"").replace(b"\\n", b"\n")))
            if name in first:
                runs |= found
            elif not runs.isdisjoint(found):
                self.add(name, engine.examine(content))

    def _learn_one(self, blob: str, content: bytes | None) -> None:
        if content is None:
            self.missing.add(blob)
        else:
            self.add(blob, engine.examine(content))

    def add(self, blob: str, facts: Facts) -> None:
        """Keep *facts*; of a content that came in parts all of them."""
        before = self.facts.get(blob)
        if before is not None:
            facts = Facts(before.notes + facts.notes, before.objects + facts.objects)
        if facts or facts.markers or before is not None:
            self.facts[blob] = facts
            self.clean.discard(blob)
        else:
            self.clean.add(blob)

    def knows(self, blob: str) -> bool:
        """Return whether *blob* was examined."""
        return blob in self.clean or blob in self.facts

    def of(self, blob: str) -> Facts:
        """Return the facts of *blob*, which was learnt."""
        return self.facts.get(blob, NOTHING)


class Judge:
    """Judges changes by one policy.

    *trusted* is None where a content's own markers count.
    """

    def __init__(self, known: Known, policy: Policy, trusted: TrustedMarkers | None) -> None:
        self.known = known
        self.policy = policy
        self.trusted = trusted

    def judge(self, changes: Sequence[Change], tree: Mapping[str, str]) -> Judgement:
        """Return the verdict on *changes*, whose contents are known, new and old.

        *tree* is the whole tree that the changes lead to, as blob ids by path: ciphertext among them is
        held against every other object there that is known.
        """
        found: list[Finding] = []
        ignored: list[Ignored] = []
        judged: list[Judged] = []
        for _, group in groupby(changes, key=lambda c: c.commit):
            of_commit = list(group)
            old = [(c.path, self.known.of(i)) for c in of_commit for i in c.old]
            for change in of_commit:
                of_change = self._one(change, old)
                if may_name_a_key(change.path):
                    of_change += key_in(change.path)
                if of_change != _SILENCE:
                    judged.append((change, _of_commit(of_change, change.commit)))
        for told in self.known.telling.tell(judged):
            found += told.findings
            ignored += told.ignored
        total = Judgement(tuple(found), tuple(ignored))
        return total + self._copies(changes, tree) if tree else total

    def _one(self, change: Change, old: list[tuple[str, Facts]]) -> Judgement:
        facts = self.known.of(change.new)
        if not facts and not facts.markers:
            return _SILENCE
        trusted = None if self.trusted is None else self.trusted(change.path)
        policy, unchanged = self.policy, self._unchanged(change)
        judgement = _SILENCE
        if facts.notes or facts.markers or any(o.readable for o in facts.objects):
            judgement = engine.judge(
                change.path, facts, policy, trusted_markers=trusted, unchanged=unchanged
            )
        moved = engine.judge_change(
            change.path, facts, old, policy, trusted_markers=trusted, unchanged=unchanged
        )
        return judgement + moved if moved != _SILENCE else judgement

    def _copies(self, changes: Sequence[Change], tree: Mapping[str, str]) -> Judgement:
        changed = {c.path for c in changes if _is_encrypted(self.known.of(c.new))}
        if not changed:
            return Judgement()
        files = {path: self.known.of(blob) for path, blob in tree.items()}
        trusted = None if self.trusted is None else {p: self.trusted(p) for p in changed}
        return engine.judge_set(
            {p: f for p, f in files.items() if f.objects},
            self.policy,
            only=changed,
            trusted_markers=trusted,
        )

    def _unchanged(self, change: Change) -> Callable[[BaselineEntry, Finding], bool]:
        def unchanged(entry: BaselineEntry, finding: Finding) -> bool:
            names = (f"{entry.commit}:{entry.path}", change.new)
            contents = [*read_whole(self.known.git, names).values()]
            return len(contents) == 2 and engine.same_value(contents[0], contents[1], finding)

        return unchanged


def _of_commit(judgement: Judgement, commit: str) -> Judgement:
    return Judgement(
        tuple(f._replace(commit=commit) for f in judgement.findings),
        tuple(i._replace(finding=i.finding._replace(commit=commit)) for i in judgement.ignored),
    )


def outcome_of(
    git: Git,
    what: str,
    changes: list[Change],
    terms: Terms,
    tree: Callable[[], Mapping[str, str]],
    known: Known | None = None,
) -> Outcome:
    """Return the verdict on *changes*; *tree* is as for ``Judge.judge``, *known* what is learnt already."""
    known = known or Known(git)
    new = [change for change in changes if change.new]
    known.learn(change.new for change in new)
    encrypted = [c.new for c in new if _is_encrypted(known.of(c.new))]
    blobs: Mapping[str, str] = {}
    if encrypted:
        blobs = tree()
        old = [blob for change in changes for blob in change.old]
        known.learn_copies(encrypted, old, blobs.values())
    judgement = Judge(known, terms.policy, terms.trusted).judge(changes, blobs)
    return Outcome(what, len(new), judgement, unread_of(new, known))


def unread_of(changes: Sequence[Change], known: Known) -> tuple[str, ...]:
    """Return, for people, what of *changes* is missing from the contents that are *known*."""
    return tuple(
        f"{known.telling.words(change.path)}: Git has no content {change.new[:12]} here; "
        "git fetch --refetch brings it"
        for change in changes
        if change.new in known.missing
    )


def _is_encrypted(facts: Facts) -> bool:
    return any(o.ciphertexts or o.wrapped for o in facts.objects)
