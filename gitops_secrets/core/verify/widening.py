"""A change of creation rules that lets others decrypt what is there already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.rules.creation import CreationRule
from gitops_secrets.core.verify.checks import found
from gitops_secrets.core.verify.rules import Rules, kinds_of
from gitops_secrets.core.yamltext.nodes import Position

_NAMED = 5
"""How many of the files are named."""


class _Change(NamedTuple):
    """What a rule does that the rules before did not."""

    config: str
    rule: CreationRule
    place: str
    readers: tuple[str, ...]
    """Who comes; empty if only fewer key groups are needed."""
    needed: int
    """How many key groups are needed now, if they are fewer; else 0."""

    @property
    def words(self) -> str:
        """What it does, as a sentence goes on."""
        if self.readers:
            return f"lets {', '.join(self.readers)} decrypt"
        return f"asks for no more than {self.needed} of its key groups to decrypt"


def widened(
    before: Rules, after: Rules, files: Iterable[EncryptedFile], fix: str
) -> Iterator[Finding]:
    """Yield each rule of *after* by which somebody could decrypt what of *files* the rules *before* kept from them.

    *files* are as they were before: who was their reader then is nobody new. Of key managers only the kinds
    are compared. *fix* is what a finding says to do, with {path} for the file of rules.
    """
    opened: dict[_Change, list[str]] = {}
    for file in files:
        change = _change(before, after, file)
        if change is not None:
            opened.setdefault(change, []).append(file.path)
    for change, paths in opened.items():
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        yield found(
            "widened-rule",
            change.config,
            Position(change.rule.line, 1),
            f"{change.place} {change.words} what was there before, once sops encrypts it by that rule: "
            f"{', '.join(sorted(paths)[:_NAMED])}{more}",
            fix=fix,
        )


def _change(before: Rules, after: Rules, file: EncryptedFile) -> _Change | None:
    chosen, metadata = after.choose(file.path), file.metadata
    if chosen is None or metadata is None:
        return None
    was = before.choose(file.path)
    had = set(metadata.recipients) | {key.kind for key in metadata.keys if key.kind != "age"}
    needed = metadata.needed
    if was is not None:
        had |= _readers(was.rule)
        needed = min(needed, was.rule.needed)
    come = sorted(_readers(chosen.rule) - had)
    fewer = chosen.rule.needed if chosen.rule.needed < needed else 0
    if not (come or fewer):
        return None
    names = tuple(shorten(r) if r.startswith("age") else f"{r} keys" for r in come)
    return _Change(chosen.config, chosen.rule, chosen.place, names, fewer)


def _readers(rule: CreationRule) -> set[str]:
    return {r.value for r in rule.recipients} | kinds_of(rule)
