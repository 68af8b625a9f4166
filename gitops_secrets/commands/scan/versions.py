"""The versions of a file in a history: what stays the same from one to the next is told once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.commands.contents.known import read_whole
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.guard.values import Values

_OF_A_CHANGE = frozenset({"moved-ciphertext", "copied-ciphertext", "policy-change"})
"""Rules about what a commit did: each such commit counts by itself."""
_OF_A_PATH = "content-elsewhere"
"""The rule about what is not here: no value of it can be compared, and one path of it is told once."""
_AT_ONCE = 50
"""How many contents are held at a time."""

_Place = tuple[str, str, str, str, str]
_Value = tuple[str, ...]


def once(git: Git, outcome: Outcome) -> Outcome:
    """Return *outcome*, of what several commits brought, with each of its findings told once as ``told_once`` does."""
    findings = told_once(git, list(dict.fromkeys(outcome.judgement.findings)))
    return outcome._replace(judgement=outcome.judgement._replace(findings=findings))


def told_once(git: Git, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return *findings* of several commits, oldest first, with one for all versions of a file that have the same value.

    It is the first of them, and names the commits of all. Values are read from Git again and compared in
    memory: the same place with another value is another finding.
    """
    places: dict[_Place, list[Finding]] = {}
    for found in findings:
        places.setdefault(_place(found), []).append(found)
    again = [f for of_place in places.values() if len(of_place) > 1 for f in of_place]
    values = _values(git, [f for f in again if _is_of_version(f)])
    told: dict[tuple[_Place, _Value | int, int], Finding] = {}
    seen: dict[tuple[_Place, _Value | int, str], int] = {}
    for number, found in enumerate(findings):
        value: _Value | int = values.get(_spec(found), {}).get(found, number)
        if found.rule == _OF_A_PATH:
            value = ()
        place = _place(found)
        nth = seen[place, value, found.commit] = seen.get((place, value, found.commit), -1) + 1
        first = told.get((place, value, nth))
        told[place, value, nth] = (
            found
            if first is None
            else first._replace(commits=(*(first.commits or (first.commit,)), found.commit))
        )
    return tuple(told.values())


def _place(found: Finding) -> _Place:
    key = "\0".join(map(str, found.key_path))
    return found.rule, found.path, str(found.object_name or ""), key, found.message


def _is_of_version(found: Finding) -> bool:
    return (
        found.where == "file"
        and bool(found.commit)
        and found.rule not in (*_OF_A_CHANGE, _OF_A_PATH)
        and "\n" not in found.path
    )


def _spec(found: Finding) -> str:
    return f"{found.commit}:{found.path}"


def _values(git: Git, findings: Iterable[Finding]) -> dict[str, dict[Finding, _Value]]:
    """Return for each version of a file the values that its *findings* are about."""
    by_version: dict[str, list[Finding]] = {}
    for found in findings:
        by_version.setdefault(_spec(found), []).append(found)
    values: dict[str, dict[Finding, _Value]] = {}
    for specs in _in_parts(by_version):
        for spec, content in read_whole(git, specs).items():
            held = Values(content)
            values[spec] = {f: tuple(held.at(f)) for f in by_version[spec]}
    return values


def _in_parts(specs: Iterable[str]) -> Iterator[list[str]]:
    left = iter(specs)
    while part := list(islice(left, _AT_ONCE)):
        yield part
