"""On whose text a merge builds: what the other side changed is set in it, and all else keeps its ciphertext."""

from __future__ import annotations

from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.merging.values import Side
from gitops_secrets.core.sops.structure import ENCRYPTED
from gitops_secrets.core.yamltext.nodes import Path, walk_scalars


def has_new_key(base: Manifest, side: Manifest) -> bool:
    """Return whether *side* has another data key than *base*: nothing of it is encrypted as it was.

    One that was only wrapped for other recipients leaves the values as they are.
    """
    old, new = _ciphertext(base), _ciphertext(side)
    return bool(old) and not any(new.get(place) == value for place, value in old.items())


def has_new_rule(base: Manifest, side: Manifest) -> bool:
    """Return whether *side* encrypts other values than *base*."""
    return _rule(base) != _rule(side)


def text_of(base: Manifest, ours: Manifest, theirs: Manifest) -> Side | None:
    """Return the side whose text is to be kept; None if each changed how it is encrypted, and not in the same way."""
    if not base.documents:
        return Side.OURS
    rules = [has_new_rule(base, side) for side in (ours, theirs)]
    if all(rules):
        return Side.OURS if _rule(ours) == _rule(theirs) else None
    keys = [has_new_key(base, side) for side in (ours, theirs)]
    if any(rules):
        changed, other = (0, 1) if rules[0] else (1, 0)
        if keys[other]:
            return None
        return (Side.OURS, Side.THEIRS)[changed]
    return Side.THEIRS if keys[1] and not keys[0] else Side.OURS


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
