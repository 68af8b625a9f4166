"""On whose text a merge builds: what the other side changed is set in it, and all else keeps its ciphertext."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from gitops_secrets.core.sops.encrypted import ENCRYPTED
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.merging.values import Side
from gitops_secrets.core.yamltext.nodes import Path, walk_scalars


class Aspect(StrEnum):
    """What stands in the text of a file and is not set value by value. A conflict is named by it."""

    COMMENTS = "sops.comments"
    RULE = "sops.rule"
    """Which values are encrypted."""
    KEY_GROUPS = "sops.key_groups"
    KEY_MANAGERS = "sops.key_managers"
    """The master keys besides age's."""


Aspects = Mapping[Aspect, object]
"""What a version has of each; an encrypted version has all of them."""


class Text(NamedTuple):
    """Whose text a merge keeps."""

    side: Side
    conflicts: tuple[str, ...]
    """The aspects that decide it and that both sides changed; our text counts until one is chosen."""


def aspects_of(manifest: Manifest, comments: Sequence[tuple[str, ...]]) -> dict[Aspect, object]:
    """Return the aspects of *manifest*, whose comments read *comments*: of a readable one these alone."""
    found: dict[Aspect, object] = {Aspect.COMMENTS: tuple(comments)}
    metadata = manifest.metadata
    if metadata is not None:
        groups = (metadata.opening, metadata.threshold) if metadata.groups else ()
        others = frozenset((key.kind, key.identification) for key in manifest.other_keys)
        found |= {
            Aspect.RULE: (metadata.rule, metadata.mac_only_encrypted),
            Aspect.KEY_GROUPS: groups,
            Aspect.KEY_MANAGERS: others,
        }
    return found


def choose_text(
    base: Aspects | None,
    ours: Aspects,
    theirs: Aspects,
    chosen: Mapping[str, Side],
    aspects: Sequence[Aspect] = tuple(Aspect),
) -> Text | None:
    """Return whose text has all of *aspects* that either side changed; None if neither changed one.

    If both sides changed an aspect in different ways, or each changed another one, the aspects are in
    conflict, and *chosen* says whose count.
    """
    sides: dict[Aspect, Side | None] = {}
    for aspect in aspects:
        mine, other = ours.get(aspect), theirs.get(aspect)
        if mine == other or aspect not in ours or aspect not in theirs:
            continue
        was = base.get(aspect, ()) if base is not None else ()
        sides[aspect] = Side.OURS if other == was else Side.THEIRS if mine == was else None
    wanted = {side for side in sides.values() if side is not None}
    if not sides or (len(wanted) == 1 and None not in sides.values()):
        return Text(wanted.pop(), ()) if wanted else None
    picked = {aspect: chosen[aspect] for aspect in sides if aspect in chosen}
    left = tuple(str(aspect) for aspect in sides if aspect not in picked)
    if left or len(set(picked.values())) > 1:
        return Text(Side.OURS, left or tuple(map(str, sides)))
    return Text(next(iter(picked.values())), ())


def has_same_ciphertext(one: Manifest, other: Manifest) -> bool:
    """Return whether a value of both is the same ciphertext: then they have the same data key."""
    held = _ciphertext(other)
    return any(held.get(place) == value for place, value in _ciphertext(one).items())


def encrypted_places(manifest: Manifest) -> set[tuple[int, Path]]:
    """Return where the values of *manifest* are that are encrypted, by the number of their document."""
    return set(_ciphertext(manifest))


def _ciphertext(manifest: Manifest) -> dict[tuple[int, Path], str]:
    return {
        (number, path): str(node.value)
        for number, root in enumerate(manifest.roots)
        for path, node in walk_scalars(root)
        if path[:1] != ("sops",) and ENCRYPTED.fullmatch(str(node.value))
    }
