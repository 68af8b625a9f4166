"""For whom a merged file is encrypted, and under which data key.

Whom a side lets in is not in the MAC: anybody can write a recipient into a file. So nothing of ours is encrypted for a
reader, or under a data key, that came with the other branch alone, unless the creation rule of our branch names the
reader. What the other side wrapped itself, under the data key that we have too, stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from gitops_secrets.core.sops.merging.sides import Aspect, aspects_of, has_same_ciphertext
from gitops_secrets.core.sops.merging.values import Side, merge_names
from gitops_secrets.core.sops.merging.version import Sides, Version


class Trust(NamedTuple):
    """What our branch says about who reads a file."""

    named: Callable[[], Collection[str]]
    """Return the recipients of its creation rule for the file; asked only if it matters."""
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


class Refusal(NamedTuple):
    """Why a text is not kept."""

    words: str
    stranger: str
    """The recipient that our branch does not know."""


def way_of(sides: Sides, kept: Side, trust: Trust) -> Way | Refusal:
    """Return how the versions become one with the text of *kept*, or why they do not."""
    base, ours, theirs = sides
    text = sides.of(kept)
    was = base.recipients if base is not None else ()
    readers = merge_names(was, ours.recipients, theirs.recipients)
    renews = (
        not _has_known_key(sides, kept, trust)
        or bool(_put_out(sides, text, readers))
        or _is_rotated(base, sides.other_than(kept), text)
    )
    wraps = not renews and set(readers) != set(text.recipients)
    if renews or wraps or base is None or _has_new_rule(ours, theirs):
        stranger = _stranger(sides, readers, trust)
        if stranger is not None:
            whose = "their" if trust.knows_ours() else "one"
            return Refusal(
                f"{whose} side lets in {stranger}, whom no creation rule of ours names: add it to ours, then merge",
                stranger,
            )
    return Way(kept, readers, renews, wraps)


def _stranger(sides: Sides, readers: Collection[str], trust: Trust) -> str | None:
    """Return a reader whom neither our version nor our creation rule knows; None if there is none."""
    known = set(sides.ours.recipients)
    if not trust.knows_ours():
        known &= set(sides.theirs.recipients)
    strange = [reader for reader in readers if reader not in known]
    if strange:
        named = trust.named()
        strange = [reader for reader in strange if reader not in named]
    return strange[0] if strange else None


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
    rules = (aspects_of(v.manifest, v.comments).get(Aspect.RULE) for v in (one, other))
    return len(set(rules)) > 1


def _other_keys(version: Version) -> set[tuple[str, str]]:
    return {(key.kind, key.identification) for key in version.manifest.other_keys}
