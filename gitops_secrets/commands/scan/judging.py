"""Changes judged: contents read once each, facts from there, a verdict for each content at each path."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby

from gitops_secrets.adapters.git.missing import BRINGS
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.rawdiff import Change, is_link
from gitops_secrets.commands.contents.known import Known
from gitops_secrets.commands.policy.policies import check_settings
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.filter.prefilter import may_be_sealed, may_name_a_key
from gitops_secrets.core.guard.judge.judgement import Ignored, Judgement
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.facts import Facts
from gitops_secrets.errors import GitOpsSecretsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.commands.contents.telling import Judged
    from gitops_secrets.commands.policy.policies import Terms, TrustedContents
    from gitops_secrets.core.guard.judge.baseline import BaselineEntry
    from gitops_secrets.core.guard.judge.judgement import Covers
    from gitops_secrets.core.guard.judge.policy import Policy
    from gitops_secrets.core.guard.record.facts import Marker
    from gitops_secrets.core.guard.record.finding import Finding

    Tree = Mapping[str, str]
    """Blob ids by path."""

_SILENCE = Judgement()
_OF_CIPHERTEXT = ("moved-ciphertext", "copied-ciphertext")


class Judge:
    """Judges changes by one policy.

    *trusted* is None where a content's own markers count.
    """

    def __init__(self, known: Known, policy: Policy, trusted: TrustedContents | None) -> None:
        self.known = known
        self.policy = policy
        self.trusted = trusted

    def judge(
        self,
        changes: Sequence[Change],
        after: Sequence[Tree] = (),
        before: Sequence[Tree] | None = None,
    ) -> Judgement:
        """Return the verdict on *changes*, whose contents are known, new and old.

        *after* are the whole trees that the changes lead to: ciphertext among them is held against
        every other object there that is known. *before* are trees that were there already: with them
        *changes* are judged as a whole as well, for ciphertext that one of them took out and another brought.
        """
        found: list[Finding] = []
        ignored: list[Ignored] = []
        judged: list[Judged] = []
        for commit, group in groupby(changes, key=lambda c: c.commit):
            of_commit = list(group)
            old = [(c.path, self.known.of(i)) for c in of_commit for i in c.old]
            for change in of_commit:
                of_change = self._one(change, old)
                if may_name_a_key(change.path):
                    of_change += engine.judge_path(change.path, self.policy)
                if may_be_sealed(change.path):
                    of_change += self._file(change)
                if of_change != _SILENCE:
                    judged.append((change, of_change.at_commit(commit)))
        for told in self.known.telling.tell(judged):
            found += told.findings
            ignored += told.ignored
        total = Judgement(tuple(found), tuple(ignored))
        for tree in after:
            total += self._copies(changes, tree)
        return total + self._moves(changes, before, total) if before is not None else total

    def _one(self, change: Change, old: list[tuple[str, Facts]]) -> Judgement:
        facts = self.known.of(change.new)
        if not facts and not facts.markers:
            return _SILENCE
        covers, unchanged = self._covers(change.path, change.new), self._unchanged(change)
        judgement = _SILENCE
        if facts.notes or facts.markers or any(o.readable for o in facts.objects):
            judgement = engine.judge(
                change.path, facts, self.policy, covers=covers, unchanged=unchanged
            )
        moved = engine.judge_change(
            change.path, facts, old, self.policy, covers=covers, unchanged=unchanged
        )
        return judgement + moved if moved != _SILENCE else judgement

    def _file(self, change: Change) -> Judgement:
        if not change.new or is_link(change.new):
            return _SILENCE
        return engine.judge_file(
            change.path,
            self.known.of(change.new),
            lambda: self.known.content(change.new),
            self.policy,
            self._unchanged(change),
        )

    def _copies(self, changes: Sequence[Change], tree: Tree) -> Judgement:
        changed = {c.path for c in changes if is_encrypted(self.known.of(c.new))}
        if not changed:
            return Judgement()
        files = {path: self.known.of(blob) for path, blob in tree.items()}
        covers = None
        if self.trusted is not None:
            covers = {p: c for p in changed if p in tree and (c := self._covers(p, tree[p]))}
        return engine.judge_set(
            {p: f for p, f in files.items() if f.objects},
            self.policy,
            only=changed,
            covers=covers,
        )

    def _moves(
        self, changes: Sequence[Change], before: Sequence[Tree], found: Judgement
    ) -> Judgement:
        """Return what was moved from one commit to another, or from another branch, and is not *found* yet."""
        from gitops_secrets.core.guard.record.finding import Severity

        brought = [c for c in changes if is_encrypted(self.known.of(c.new))]
        contents = [
            (c.path, self.known.of(c.new), self._covers(c.path, c.new), self._unchanged(c))
            for c in brought
        ]
        earlier = dict.fromkeys(blob for tree in before for blob in tree.values())
        earlier |= dict.fromkeys(_old_of(changes))
        judged = engine.judge_moves(contents, [self.known.of(b) for b in earlier], self.policy)
        told = {
            (f.path, f.position)
            for f in found.findings
            if f.rule in _OF_CIPHERTEXT and f.severity is Severity.ERROR
        }
        total = Judgement()
        for change, judgement in zip(brought, judged, strict=True):
            new = tuple(f for f in judgement.findings if (f.path, f.position) not in told)
            total += judgement._replace(findings=new).at_commit(change.commit)
        return total

    def _covers(self, path: str, blob: str) -> Covers | None:
        if self.trusted is None:
            return None
        content = self.trusted(path) if self.known.of(blob).markers else None
        if content is None:
            return engine.covers_nothing
        before: bytes = content
        told: list[Covers] = []

        def covers(marker: Marker, finding: Finding) -> bool:
            if not told:
                now = self.known.content(blob)
                told.append(
                    engine.covers_nothing
                    if now is None
                    else engine.given(path, before, now, self.policy)
                )
            return told[0](marker, finding)

        return covers

    def _unchanged(self, change: Change) -> Callable[[BaselineEntry, Finding], bool]:
        def unchanged(entry: BaselineEntry, finding: Finding) -> bool:
            try:
                accepted = self.known.git.blob_at(entry.commit, entry.path)
            except GitOpsSecretsError:
                return False
            if accepted == change.new:
                return True
            old = self.known.stored(accepted) if accepted else None
            new = self.known.content(change.new)
            return old is not None and new is not None and engine.same_value(old, new, finding)

        return unchanged


def outcome_of(
    git: Git,
    what: str,
    changes: list[Change],
    terms: Terms,
    after: Callable[[], Sequence[Tree]],
    known: Known | None = None,
    before: Callable[[], Sequence[Tree]] | None = None,
) -> Outcome:
    """Return the verdict on *changes*; *after* and *before* are as for ``Judge.judge``.

    *known* is what is learnt already. The trees are asked for where something encrypted is among *changes*.
    """
    known = known or Known(git)
    new = [change for change in changes if change.new]
    check_settings(changes, known.stored)
    known.learn(change.new for change in new)
    encrypted = [c for c in new if is_encrypted(known.of(c.new))]
    to: Sequence[Tree] = ()
    since: Sequence[Tree] | None = None
    unread: tuple[str, ...] = ()
    if encrypted:
        to, since = after(), before() if before else None
        old = [blob for change in changes for blob in change.old]
        others = dict.fromkeys(blob for tree in (*to, *(since or ())) for blob in tree.values())
        known.learn_copies([c.new for c in encrypted], old, others)
        lost = known.missing.intersection((*old, *others))
        unread = _unknown_origin(lost.difference(c.new for c in new))
    judgement = Judge(known, terms.policy, terms.trusted).judge(changes, to, since)
    files = sum(not is_link(c.new) for c in new)
    return Outcome(what, files, judgement, (*unread_of(new, known), *unread))


def unread_of(changes: Sequence[Change], known: Known) -> tuple[str, ...]:
    """Return, for people, what of *changes* is missing from the contents that are *known*."""
    return tuple(
        f"{known.telling.words(change.path)}: Git has no content {change.new[:12]} here; "
        f"{BRINGS} brings it"
        for change in changes
        if change.new in known.missing
    )


def _unknown_origin(lost: Collection[str]) -> tuple[str, ...]:
    """Return, for people, that what is encrypted may come from contents that are *lost*, if any are."""
    if not lost:
        return ()
    number = "1 content" if len(lost) == 1 else f"{len(lost)} contents"
    words = f"Git lacks {number} here from which ciphertext may have been moved or copied"
    return (f"{words}, {min(lost)[:12]} for one; {BRINGS} brings them",)


def is_encrypted(facts: Facts) -> bool:
    """Return whether a content with these *facts* holds ciphertext, or a key for some."""
    return any(o.ciphertexts or o.wrapped for o in facts.objects)


def _old_of(changes: Sequence[Change]) -> Iterable[str]:
    """Yield the contents that were there before the first of *changes*, less what they brought themselves."""
    brought: set[tuple[str, str]] = set()
    for change in changes:
        yield from (blob for blob in change.old if (change.path, blob) not in brought)
        brought.add((change.path, change.new))
