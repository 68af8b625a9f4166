"""The values that findings are about, compared in memory between two contents of one path.

An exception was given for one value at one place. Whether what stands there now is that value, only the
contents themselves can tell: nothing that is kept or said holds a value, or a function of one.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from gitops_secrets.core.guard.filter.prefilter import may_hold
from gitops_secrets.core.guard.judge.weighing import marked
from gitops_secrets.core.guard.look.inspection import inspect
from gitops_secrets.core.guard.record.facts import NOTHING, Facts, Identity, Key
from gitops_secrets.core.guard.rules.verdict import finding, object_name, of_content

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitops_secrets.core.guard.judge.policy import Policy
    from gitops_secrets.core.guard.look.inspection import Inspection
    from gitops_secrets.core.guard.record.facts import Marker
    from gitops_secrets.core.guard.record.finding import Finding

_Given = tuple[str, str, str, Key, str]
"""Rule and reason of a marker, object and key of a finding, and the value."""
_OF_CIPHERTEXT = ("moved-ciphertext", "copied-ciphertext")
"""Rules about an object and the ciphertexts in it, which stand for a value."""


class Seen(NamedTuple):
    """A secret at its place; not a finding yet, and never to be shown."""

    rule: str
    line: int
    column: int
    object: str
    key: Key
    value: str

    def __repr__(self) -> str:
        return f"Seen({self.rule!r}, {self.line}, {self.column})"


class Values:
    """The secrets of one content; the content itself stands for what has no value of its own."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.facts, self._seen = _look_at(content)

    def at(self, found: Finding) -> list[str]:
        """Return the secrets that *found*, a finding of this content, is about: empty for what is no secret."""
        place = (found.rule, found.position.line, found.position.column, *_place(found))
        return [s.value for s in self._seen if s[:5] == place]

    def of_place(self, found: Finding) -> list[str]:
        """Return the secrets that *found*'s rule sees under its object and key, on any line."""
        place = (found.rule, *_place(found))
        return [s.value for s in self._seen if (s.rule, s.object, s.key) == place]

    def ciphertext_at(self, found: Finding) -> str:
        """Return the names of the ciphertexts of the object at *found*'s place."""
        place = found.position.line, found.position.column
        here = [o for o in self.facts.objects if (o.line, o.column) == place]
        return "\n".join(name for o in here for name in (*o.ciphertexts, "", *o.wrapped))


class Given:
    """The values that markers of the protected branch excuse: each is good for one finding."""

    def __init__(self, path: str, before: bytes, now: bytes, policy: Policy) -> None:
        held = Values(before)
        self._now = Values(now)
        self._left: Counter[_Given] = Counter()
        for marker, found in marked(_findings(path, held.facts, policy), held.facts):
            self._left.update(_given(marker, found, held))

    def covers(self, marker: Marker, found: Finding) -> bool:
        """Return whether *found* is about values that *marker* was given for, and none excused already."""
        wanted = Counter(_given(marker, found, self._now))
        if wanted - self._left:
            return False
        self._left -= wanted
        return True


def same_value(old: bytes, new: bytes, found: Finding) -> bool:
    """Return whether what *found*, a finding of *new*, is about stands at its place in *old* too.

    Both are contents of the finding's path. What is found in ciphertext, metadata or the form of a file
    has no value of its own: there the contents must be equal.
    """
    if old == new:
        return True
    values = Values(new).at(found)
    return bool(values) and not Counter(values) - Counter(Values(old).of_place(found))


def _given(marker: Marker, found: Finding, values: Values) -> Iterator[_Given]:
    given = marker.rule, marker.reason, *_place(found)
    if found.rule in _OF_CIPHERTEXT:
        yield (*given, values.ciphertext_at(found))
        return
    for value in values.at(found) or [values.content.decode("latin-1")]:
        yield (*given, value)


def _findings(path: str, facts: Facts, policy: Policy) -> Iterator[Finding]:
    """Yield what may be found of a content, whatever else there is in its tree."""
    yield from of_content(path, facts, policy)
    for held in facts.objects:
        for rule in _OF_CIPHERTEXT:
            yield finding(path, rule, held.line, held.column, held.identity, (), "")


def _place(found: Finding) -> tuple[str, Key]:
    return str(found.object_name or ""), found.key_path


def _look_at(content: bytes) -> tuple[Facts, tuple[Seen, ...]]:
    bits = may_hold(content)
    if not bits:
        return NOTHING, ()
    inspection, text = inspect(content, bits)
    facts = inspection.facts(text)
    return facts, (*_noted(inspection, facts), *_readable(inspection, facts))


def _noted(inspection: Inspection, facts: Facts) -> Iterator[Seen]:
    for hit, note in zip(inspection.hits, facts.notes, strict=True):
        for value in hit.values:
            yield Seen(note.rule, note.line, note.column, _name(note.identity), note.key, value)


def _readable(inspection: Inspection, facts: Facts) -> Iterator[Seen]:
    """Yield the readable values of Secrets, which were noted in the order of their objects' places."""
    values = {place: iter(found) for place, found in inspection.values.items()}
    for raw, said in zip(inspection.objects, facts.objects, strict=True):
        for place, shown in zip(raw.readable, said.readable, strict=True):
            value = next(values[raw.identity, place.key])
            yield Seen(
                "unencrypted-secret",
                place.line,
                place.column,
                _name(said.identity),
                shown.key,
                value,
            )


def _name(identity: Identity | None) -> str:
    return str(object_name(identity) or "")
