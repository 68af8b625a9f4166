"""On whose text a merge builds: what the other side changed is set in it, and all else keeps its ciphertext."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.merging.values import Side, merge_names
from gitops_secrets.core.sops.structure import ENCRYPTED
from gitops_secrets.core.yamltext.nodes import Path, walk_scalars

_BOTH = {Side.OURS, Side.THEIRS}


def has_new_key(base: Manifest, side: Manifest) -> bool:
    """Return whether *side* has another data key than *base*: nothing of it is encrypted as it was.

    One that was only wrapped for other recipients leaves the values as they are.
    """
    old, new = _ciphertext(base), _ciphertext(side)
    return bool(old) and not any(new.get(place) == value for place, value in old.items())


def has_new_rule(base: Manifest, side: Manifest) -> bool:
    """Return whether *side* encrypts other values than *base*."""
    return _rule(base) != _rule(side)


class Way(NamedTuple):
    """How the merged file is encrypted."""

    kept: Side
    """Whose text and data key are kept. Nothing of ours goes under a data key that came with theirs alone."""
    renews: bool
    """Whether it gets a data key of its own."""
    rule: Side
    """Whose metadata say which values are encrypted."""
    readers: tuple[str, ...]


class Refusal(NamedTuple):
    """Why three versions do not become one."""

    words: str
    stranger: str = ""
    """The recipient that nobody on our side knows, if that is why."""


def way_of(
    base: Manifest, ours: Manifest, theirs: Manifest, named: Collection[str]
) -> Way | Refusal:
    """Return how the three versions become one, or why they do not.

    Whom their side lets in is not in the MAC: anybody can write a recipient into a file. So none of our values
    and no data key is encrypted for one of theirs, unless *named*, the recipients of our creation rule, have it. What
    their side wrapped itself, under the data key that all had before, stays as it is.
    """
    readers = merge_names(base.recipients, ours.recipients, theirs.recipients)
    strange = [r for r in readers if r not in {*base.recipients, *ours.recipients, *named}]
    rule, key = (
        _changed(base, ours, theirs, has_new_rule),
        _changed(base, ours, theirs, has_new_key),
    )
    if rule == _BOTH and _rule(ours) != _rule(theirs):
        return Refusal("both sides changed what of it is encrypted")
    if (rule == {Side.OURS} and Side.THEIRS in key) or (rule == {Side.THEIRS} and Side.OURS in key):
        return Refusal("both sides changed its data key or what of it is encrypted")
    put_out = set(ours.recipients) - set(readers)
    if strange:
        wraps = put_out or set(readers) != set(theirs.recipients)
        if rule or key or wraps or not base.documents:
            return Refusal(
                f"their side lets in {strange[0]}, whom no creation rule of ours names: add it to ours, then merge",
                strange[0],
            )
        return Way(Side.THEIRS, False, Side.THEIRS, readers)
    of_theirs = Side.THEIRS in rule | key and Side.OURS not in rule | key
    whose = Side.THEIRS if rule == {Side.THEIRS} else Side.OURS
    return Way(Side.OURS, of_theirs or bool(put_out), whose, readers)


def _changed(
    base: Manifest,
    ours: Manifest,
    theirs: Manifest,
    differs: Callable[[Manifest, Manifest], bool],
) -> set[Side]:
    """Return the sides of which *differs* says that they differ from *base*; none if there is no base."""
    if not base.documents:
        return set()
    return {side for side, m in ((Side.OURS, ours), (Side.THEIRS, theirs)) if differs(base, m)}


def encrypted_places(manifest: Manifest) -> set[tuple[int, Path]]:
    """Return where the values of *manifest* are that are encrypted, by the number of their document."""
    return set(_ciphertext(manifest))


def _rule(manifest: Manifest) -> tuple[object, ...]:
    found = manifest.metadata
    return (found.rule, found.mac_only_encrypted, found.threshold) if found is not None else ()


def _ciphertext(manifest: Manifest) -> dict[tuple[int, Path], str]:
    return {
        (number, path): str(node.value)
        for number, root in enumerate(manifest.roots)
        for path, node in walk_scalars(root)
        if path[:1] != ("sops",) and ENCRYPTED.fullmatch(str(node.value))
    }
