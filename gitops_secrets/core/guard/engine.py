"""The engine's doors. Everything is pure: bytes in, values out, and no secret in any value.

A caller that reads Git does, for each content, ``may_matter`` (bytes only, no YAML), ``examine``
(or the cached facts), and for each path of that content ``judge``. For objects that were moved it
adds ``judge_change`` with the facts of the content's predecessors, and for copies ``judge_set`` with
the facts of a whole tree.
"""

from __future__ import annotations

from functools import lru_cache

from gitops_secrets.core.guard.filter.prefilter import (
    ELSEWHERE,
    ENCRYPTED,
    SECRET,
    may_be_sealed,
    may_hold,
)
from gitops_secrets.core.guard.judge.judgement import Ignored, Judgement
from gitops_secrets.core.guard.patterns.holders import holds_values
from gitops_secrets.core.guard.record.facts import NOTHING, Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from gitops_secrets.core.guard.judge.baseline import BaselineEntry
    from gitops_secrets.core.guard.judge.judgement import Covers, Unchanged
    from gitops_secrets.core.guard.judge.policy import Policy
    from gitops_secrets.core.guard.record.facts import Marker
    from gitops_secrets.core.guard.record.finding import Finding

__all__ = [
    "ENGINE_VERSION",
    "Ignored",
    "Judgement",
    "covers_nothing",
    "examine",
    "given",
    "judge",
    "judge_blob",
    "judge_change",
    "judge_file",
    "judge_moves",
    "judge_path",
    "judge_set",
    "may_matter",
    "never_unchanged",
    "same_value",
]

ENGINE_VERSION = "402b70b8e2bb"
"""Changes with every change of a verdict: facts that another version wrote are worth nothing."""

_SILENCE = Judgement()


def never_unchanged(entry: BaselineEntry, finding: Finding) -> bool:  # noqa: ARG001
    """Say that nothing is proven: the default, under which a baseline excuses nothing."""
    return False


def covers_nothing(marker: Marker, finding: Finding) -> bool:  # noqa: ARG001
    """Say that no marker counts: for a path that the protected branch has not."""
    return False


def may_matter(content: bytes) -> bool:
    """Return whether *content* could hold a finding. Never false for one that does; never parses."""
    return may_hold(content) != 0


def examine(content: bytes, path_hint: str = "") -> Facts:  # noqa: ARG001
    """Return the facts of *content*, whatever its size or form; never raises.

    *path_hint* never changes the facts: it stands for the caller's debugging only.
    """
    if b"BEGIN AGE" in content:
        from gitops_secrets.core.guard.filter.forms import form_of

        form = form_of(content)
        facts = _examine_form(form.content) if form is not None else None
        if form is not None and facts is not None:
            return form.restore(facts)
    return _examine(content)


def _examine(content: bytes) -> Facts:
    bits = may_hold(content)
    if not bits:
        return NOTHING
    if bits == ELSEWHERE:
        from gitops_secrets.core.guard.rules.unjudged.content_elsewhere import A_POINTER

        return A_POINTER
    from gitops_secrets.core.guard.look.inspection import inspect

    inspection, text = inspect(content, bits)
    return inspection.facts(text)


@lru_cache(maxsize=2048)
def _examine_form(form: bytes) -> Facts | None:
    """Return the facts of a file's form; None where there is more to see in it than its encryption."""
    if may_hold(form) & ~(SECRET | ENCRYPTED):
        return None
    from gitops_secrets.core.guard.filter import canonical

    facts = canonical.read(form)
    if facts is not None:
        return facts
    facts = _examine(form)
    return None if facts.notes or facts.markers else facts


def judge(
    path: str,
    facts: Facts,
    policy: Policy,
    *,
    covers: Covers | None = None,
    unchanged: Unchanged = never_unchanged,
) -> Judgement:
    """Return the verdict on *facts* at *path* (relative to the repository's top, forward slashes).

    *covers*: None where the content's own inline markers count (a developer's machine). Otherwise a
    marker counts where this says so, as what ``given`` returns does. Raises InvalidDocumentError where
    the policy is broken.
    """
    if not facts and not facts.markers:
        return _SILENCE
    from gitops_secrets.core.guard.rules import verdict

    findings = verdict.of_content(path, facts, policy)
    return _weigh(findings, facts, policy, covers, unchanged)


def judge_path(path: str, policy: Policy) -> Judgement:
    """Return the verdict on *path* itself: the private key of an age identity may stand in it."""
    from gitops_secrets.core.guard.rules import verdict
    from gitops_secrets.core.guard.rules.keys import age_identity

    if next(age_identity.find(path), None) is None:
        return _SILENCE
    found = verdict.finding(path, age_identity.RULE.ident, 1, 1, None, (), "")
    return _weigh([found], NOTHING, policy, covers_nothing, never_unchanged)


def judge_file(
    path: str,
    facts: Facts,
    content: Callable[[], bytes | None],
    policy: Policy,
    unchanged: Unchanged,
) -> Judgement:
    """Return the verdict on a file that ``may_be_sealed`` as a whole: a creation rule may want it encrypted.

    *facts* are those of its content: of Secrets every value is judged already. *content* is asked for where
    there is such a rule. For what it finds no marker counts.
    """
    if any(holds_values(o.identity.kind) for o in facts.objects):
        return _SILENCE
    from gitops_secrets.core.guard.rules import verdict

    found = verdict.of_file(path, content, policy)
    return _weigh(found, NOTHING, policy, covers_nothing, unchanged)


def judge_blob(
    path: str,
    content: bytes,
    policy: Policy,
    *,
    covers: Covers | None = None,
    unchanged: Unchanged = never_unchanged,
) -> Judgement:
    """Filter, examine and judge one content at one path."""
    facts = examine(content, path)
    judged = judge(path, facts, policy, covers=covers, unchanged=unchanged)
    if may_be_sealed(path):
        judged += judge_file(path, facts, lambda: content, policy, unchanged)
    return judged


def judge_change(
    path: str,
    new: Facts,
    old: Iterable[tuple[str, Facts]],
    policy: Policy,
    *,
    covers: Covers | None = None,
    unchanged: Unchanged = never_unchanged,
) -> Judgement:
    """Return only what a change shows: ciphertext that stood in another object before.

    *old* are (path, facts) of the content that *path* had before and of every source that Git says it
    was renamed or copied from; all contents that the same change deletes may be given too.
    """
    if not any(o.ciphertexts or o.wrapped for o in new.objects):
        return _SILENCE
    from gitops_secrets.core.guard.rules.secrets import moved_ciphertext

    findings = moved_ciphertext.find(path, new, [facts for _, facts in old])
    return _weigh(findings, new, policy, covers, unchanged)


def judge_moves(
    contents: Sequence[tuple[str, Facts, Covers | None, Unchanged]],
    before: Iterable[Facts],
    policy: Policy,
) -> list[Judgement]:
    """Return for each of *contents*, in their order, only what all of them together show: moved ciphertext.

    *contents* are what a push or a range brings: path and facts of each, oldest first, with the
    exceptions for it as in ``judge``. *before* are facts of what was there before. A ciphertext is that
    of whichever object had it first, deleted since or not.
    """
    from gitops_secrets.core.guard.rules.secrets import moved_ciphertext

    holders = moved_ciphertext.holders_of(before)
    result = []
    for path, facts, covers, unchanged in contents:
        findings = moved_ciphertext.find_held(path, facts, holders)
        result.append(_weigh(findings, facts, policy, covers, unchanged))
        for name, identities in moved_ciphertext.holders_of([facts]).items():
            holders.setdefault(name, identities)
    return result


def judge_set(
    files: Mapping[str, Facts],
    policy: Policy,
    *,
    only: Collection[str] | None = None,
    covers: Mapping[str, Covers] | None = None,
    unchanged: Unchanged = never_unchanged,
) -> Judgement:
    """Return only what a tree shows: one ciphertext or wrapped data key in two objects.

    *files* are the facts of every file of one tree by path; files without objects may be left out.
    *only* reports for these paths alone, held against all of *files*. *covers* are by path, those that
    are not there cover nothing; None as in ``judge``.
    """
    from gitops_secrets.core.guard.rules.secrets import copied_ciphertext

    total = Judgement()
    for path, findings in copied_ciphertext.find(files, only).items():
        of_path = None if covers is None else covers.get(path, covers_nothing)
        total += _weigh(findings, files[path], policy, of_path, unchanged)
    return total


def same_value(old: bytes, new: bytes, finding: Finding) -> bool:
    """Return whether what *finding*, a finding of *new*, is about stands at its place in *old* too.

    Both are contents of the finding's path. What is found in ciphertext, metadata or the form of a file
    has no value of its own: there the contents must be equal.
    """
    from gitops_secrets.core.guard import values

    return values.same_value(old, new, finding)


def given(path: str, before: bytes, now: bytes, policy: Policy) -> Covers:
    """Return what says whether a marker of *before*, which the protected branch has at *path*, excuses a finding.

    The finding is one of *now*, what *path* is to hold. A marker excuses the value that it was given for,
    as often as it stood there, and no other.
    """
    from gitops_secrets.core.guard import values

    return values.Given(path, before, now, policy).covers


def _weigh(
    findings: Iterable[Finding],
    facts: Facts,
    policy: Policy,
    covers: Covers | None,
    unchanged: Unchanged,
) -> Judgement:
    """Part *findings* into those that are reported and those that an exception covers."""
    found = list(findings)
    if not found:
        return _SILENCE
    from gitops_secrets.core.guard.judge import weighing

    return weighing.weigh(found, facts, policy, covers, unchanged)
