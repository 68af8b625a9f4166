"""For whom a merged file is encrypted, and under which data key.

Whom a side lets in is not in the MAC: anybody can write a recipient into a file. So nothing of ours is encrypted for a
reader, or under a data key, that came with the other branch alone, unless the creation rule of our branch names the
reader. What the other side wrapped itself, under the data key that we have too, stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from gitops_secrets.core.sops.keys.readers import Readers
from gitops_secrets.core.sops.merging.changes import can_become
from gitops_secrets.core.sops.merging.sides import Aspect, aspects_of, has_same_ciphertext
from gitops_secrets.core.sops.merging.values import Documents, Side, merge_names
from gitops_secrets.core.sops.merging.version import Sides, Version


class Trust(NamedTuple):
    """What our branch says about who reads a file."""

    named: Callable[[], Readers]
    """Return the readers of its creation rule for the file, none if it has no rule; asked only if it matters."""
    knows_ours: Callable[[], bool] = lambda: True
    """Return whether our version is known to be of our branch.

    Whoever writes conflict markers calls anything ours, and in a rebase Git gives that name to the other branch.
    """


class Way(NamedTuple):
    """How the merged file is encrypted."""

    kept: Side
    """Whose text is kept."""
    readers: tuple[str, ...]
    renews: bool
    """Whether it gets a data key of its own."""
    wraps: bool
    """Whether the data key that the text has is wrapped for other readers than now."""
    assembles: bool
    """Whether the values are not set in the text: its documents are put together, and encrypted anew."""
    let_in: tuple[str, ...] = ()
    """Those of *readers* whom one side alone lets in, and whom our creation rule does not name."""


class Refusal(NamedTuple):
    """Why a text is not kept."""

    words: str
    hint: str
    """What lets in those whom our branch does not know."""


def way_of(
    sides: Sides, kept: Side, wanted: Documents, trust: Trust, *, assembles: bool = False
) -> Way | Refusal:
    """Return how the versions become one that holds *wanted*, with the text of *kept*, or why they do not.

    *assembles* says that its documents are to be put together, whatever sops can set.
    """
    base, ours, theirs = sides
    text = sides.of(kept)
    was = base.recipients if base is not None else ()
    in_groups = _in_groups(text)
    # Which group a reader goes into is not known: the groups are those of the text.
    readers = text.recipients if in_groups else merge_names(was, ours.recipients, theirs.recipients)
    assembles = assembles or not can_become(text.documents, wanted)
    renews = (
        assembles
        or not _has_known_key(sides, kept, trust)
        or bool(_put_out(sides, text, readers))
        or _is_rotated(base, sides.other_than(kept), text)
    )
    wraps = not renews and set(readers) != set(text.recipients)
    if renews or wraps or base is None or _has_new_rule(ours, theirs):
        refusal = _refuse_stranger(sides, text, readers, trust)
        if refusal is not None:
            return refusal
    if not _has_known_groups(sides, text, trust):
        strange = _let_in(sides, text.recipients, trust)
        return _stranger(text, strange[0], trust) if strange else _other_groups(text, trust)
    return Way(kept, readers, renews, wraps, assembles, _let_in(sides, readers, trust))


def _other_groups(text: Version, trust: Trust) -> Refusal:
    return Refusal(
        f"{_whose(trust)} side needs other key groups than ours, and no creation rule of ours has them: "
        "add them to ours, then merge",
        f"write them under key_groups of the creation rule for {text.manifest.path}",
    )


def _stranger(text: Version, reader: str, trust: Trust) -> Refusal:
    """Return that our branch does not know *reader*, and in which key group of *text* it is."""
    words = f"{_whose(trust)} side lets in {reader}, whom no creation rule of ours names"
    if not _in_groups(text):
        return Refusal(f"{words}: add it to ours, then merge", f"gitops-secrets key add {reader}")
    groups = enumerate(_readers_of(text).groups, 1)
    number = next(at for at, group in groups if reader in group)
    return Refusal(
        f"{words}, in key group {number}: add it to ours, then merge",
        f"write {reader} under key_groups, in group {number}, of the creation rule for {text.manifest.path}",
    )


def _whose(trust: Trust) -> str:
    return "their" if trust.knows_ours() else "one"


def _refuse_stranger(
    sides: Sides, text: Version, readers: Collection[str], trust: Trust
) -> Refusal | None:
    """Return why the file is not encrypted for *readers*: one that ours does not know; None if there is none.

    Our version does not know everybody whom it names: an earlier merge may have brought somebody who wrote
    himself into the file. If we have a creation rule, it names whom our side let in since both began.
    """
    base, ours, _ = sides
    strange = _let_in(sides, readers, trust)
    if strange:
        return _stranger(text, strange[0], trust)
    came = set(ours.recipients).difference(base.recipients if base is not None else ours.recipients)
    came &= set(readers)
    named = trust.named().recipients if came else ()
    if not named or came.issubset(named):
        return None
    return Refusal(
        f"our side lets in {min(came.difference(named))}, whom our creation rule does not name: "
        "take that reader out of the file or add it to the rule, then merge",
        "gitops-secrets verify --fix",
    )


def _let_in(sides: Sides, readers: Collection[str], trust: Trust) -> tuple[str, ...]:
    """Return those of *readers* whom neither our version nor our creation rule knows."""
    known = set(sides.ours.recipients)
    if not trust.knows_ours():
        known &= set(sides.theirs.recipients)
    strange = [reader for reader in readers if reader not in known]
    if strange:
        named = trust.named().recipients
        strange = [reader for reader in strange if reader not in named]
    return tuple(strange)


def _in_groups(version: Version) -> bool:
    metadata = version.manifest.metadata
    return metadata is not None and bool(metadata.groups)


def _has_known_groups(sides: Sides, text: Version, trust: Trust) -> bool:
    """Return whether nobody opens *text* alone who needs somebody else by our version or our creation rule."""
    own = (sides.ours,) if trust.knows_ours() else (sides.ours, sides.theirs)
    if not any(map(_in_groups, (*own, text))):
        return True
    readers = _readers_of(text)
    known = all(readers.are_within(_readers_of(version)) for version in own)
    return known or readers.are_within(trust.named())


def _readers_of(version: Version) -> Readers:
    metadata = version.manifest.metadata
    return Readers(metadata.opening, metadata.needed) if metadata is not None else Readers()


def _has_known_key(sides: Sides, kept: Side, trust: Trust) -> bool:
    """Return whether the text of *kept* is under a data key that is ours. What is not known counts as not ours."""
    if sides.ours.key is not None and sides.ours.key == sides.theirs.key:
        return True
    return kept is Side.OURS and trust.knows_ours()


def _put_out(sides: Sides, text: Version, readers: Collection[str]) -> set[tuple[str, str]]:
    """Return the master keys that are to open nothing any more, and hold the data key of *text*."""
    holding = [v for v in sides if v is not None and (v is text or not _has_other_key(text, v))]
    stay = {("age", reader) for reader in readers} | _other_keys(text)
    held = {("age", name) for version in holding for name in version.recipients}
    return held.union(*map(_other_keys, holding)) - stay


def _is_rotated(base: Version | None, other: Version, text: Version) -> bool:
    """Return whether *other* alone has a new data key: who keeps the old one is not to open what comes."""
    return (
        base is not None
        and base.is_encrypted
        and other.is_encrypted
        and _has_other_key(base, other)
        and not _has_other_key(base, text)
    )


def _has_other_key(one: Version, other: Version) -> bool:
    """Return whether two versions have different data keys: by their ciphertext, if sops alone opens one."""
    if one.key is None or other.key is None:
        return not has_same_ciphertext(one.manifest, other.manifest)
    return one.key != other.key


def _has_new_rule(one: Version, other: Version) -> bool:
    rules = (aspects_of(v.manifest, ()).get(Aspect.RULE) for v in (one, other))
    return len(set(rules)) > 1


def _other_keys(version: Version) -> set[tuple[str, str]]:
    return {(key.kind, key.identification) for key in version.manifest.other_keys}
