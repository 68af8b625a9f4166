"""The engine's doors. Everything is pure: bytes in, values out, and no secret in any value.

A caller that reads Git does, for each content, ``may_matter`` (bytes only, no YAML), ``examine``
(or the cached facts), and for each path of that content ``judge``. For objects that were moved it
adds ``judge_change`` with the facts of the content's predecessors, and for copies ``judge_set`` with
the facts of a whole tree.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from gitops_secrets.core.findings import Finding
from gitops_secrets.core.guard.baseline import BaselineEntry
from gitops_secrets.core.guard.facts import NOTHING, Facts, Marker
from gitops_secrets.core.guard.policy import Policy

ENGINE_VERSION = "0"
"""Changes with every change of a verdict: facts that another version wrote are worth nothing."""

Unchanged = Callable[[BaselineEntry, Finding], bool]
"""Says whether the value at a finding's place is still that of the entry's commit (see same_value)."""


@dataclass(frozen=True)
class Ignored:
    """A finding that is not reported, by whose word and why."""

    finding: Finding
    by: Literal["marker", "baseline"]
    reason: str


@dataclass(frozen=True)
class Judgement:
    """What is reported, and what is not: every report counts both."""

    findings: tuple[Finding, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    @property
    def ignored_by_marker(self) -> tuple[Ignored, ...]:
        """Those that an inline marker excuses."""
        return tuple(i for i in self.ignored if i.by == "marker")

    @property
    def ignored_by_baseline(self) -> tuple[Ignored, ...]:
        """Those that the baseline excuses."""
        return tuple(i for i in self.ignored if i.by == "baseline")

    def __add__(self, other: Judgement) -> Judgement:
        return Judgement(self.findings + other.findings, self.ignored + other.ignored)


def never_unchanged(entry: BaselineEntry, finding: Finding) -> bool:  # noqa: ARG001
    """Say that nothing is proven: the default, under which a baseline excuses nothing."""
    return False


def may_matter(content: bytes) -> bool:
    """Return whether *content* could hold a finding. Never false for one that does; never parses."""
    raise NotImplementedError


def examine(content: bytes, path_hint: str = "") -> Facts:
    """Return the facts of *content*, whatever its size or form; never raises.

    *path_hint* never changes the facts: it stands for the caller's debugging only.
    """
    raise NotImplementedError


def judge(
    path: str,
    facts: Facts,
    policy: Policy,
    *,
    trusted_markers: Collection[Marker] | None = None,
    unchanged: Unchanged = never_unchanged,
) -> Judgement:
    """Return the verdict on *facts* at *path* (relative to the repository's top, forward slashes).

    *trusted_markers*: None where the content's own inline markers count (a developer's machine).
    Otherwise only a marker whose rule and reason are also among these counts: the markers of that
    path's content on the protected branch. Raises InvalidDocumentError where the policy is broken.
    """
    raise NotImplementedError


def judge_blob(
    path: str,
    content: bytes,
    policy: Policy,
    *,
    trusted_markers: Collection[Marker] | None = None,
    unchanged: Unchanged = never_unchanged,
) -> Judgement:
    """Filter, examine and judge one content at one path."""
    facts = examine(content, path) if may_matter(content) else NOTHING
    return judge(path, facts, policy, trusted_markers=trusted_markers, unchanged=unchanged)


def judge_change(
    path: str,
    new: Facts,
    old: Iterable[tuple[str, Facts]],
    policy: Policy,
    *,
    trusted_markers: Collection[Marker] | None = None,
    unchanged: Unchanged = never_unchanged,
) -> Judgement:
    """Return only what a change shows: ciphertext that stood in another object before.

    *old* are (path, facts) of the content that *path* had before and of every source that Git says it
    was renamed or copied from; all contents that the same change deletes may be given too.
    """
    raise NotImplementedError


def judge_set(
    files: Mapping[str, Facts],
    policy: Policy,
    *,
    only: Collection[str] | None = None,
    trusted_markers: Mapping[str, Collection[Marker]] | None = None,
    unchanged: Unchanged = never_unchanged,
) -> Judgement:
    """Return only what a tree shows: one ciphertext or wrapped data key in two objects.

    *files* are the facts of every file of one tree by path; files without objects may be left out.
    *only* reports for these paths alone, held against all of *files*.
    """
    raise NotImplementedError


def same_value(old: bytes, new: bytes, finding: Finding) -> bool:
    """Return whether what *finding* is about reads the same in *old* as in *new*.

    Both are contents of the finding's path. False where either has no such finding.
    """
    raise NotImplementedError
