"""The registries of a pull Secret: sops encrypts them as one value, and two branches add one each."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import TypeAlias

from gitops_secrets.core.registry.gobase64 import decode_base64
from gitops_secrets.core.sops.secrettypes import DOCKERCONFIGJSON

Merger: TypeAlias = Callable[[object, object, object, tuple[str, ...]], object]
"""Takes what base, ours and theirs have at a path that both changed, None for nothing; returns what counts."""

_AUTHS = "auths"


def is_docker_config(path: tuple[str, ...]) -> bool:
    """Return whether the value at *path* is the docker config of a pull Secret."""
    return len(path) > 1 and path[-2:] in (
        ("data", DOCKERCONFIGJSON),
        ("stringData", DOCKERCONFIGJSON),
    )


def merge_registries(
    base: str | None, ours: str, theirs: str, path: tuple[str, ...], pick: Merger
) -> str | None:
    """Return the docker config at *path* merged by registry; None if a version of it is not one.

    An entry that both sides changed goes to *pick*, at ``auths.REGISTRY`` below *path*. The text is that of
    the side whose entries came out, if it is one's.
    """
    is_encoded = path[-2] == "data"
    before = _read(base, is_encoded=is_encoded) if base is not None else {_AUTHS: {}}
    mine, other = (_read(text, is_encoded=is_encoded) for text in (ours, theirs))
    if before is None or mine is None or other is None:
        return None
    merged = _merge(before, mine, other, path, pick)
    for text, content in ((ours, mine), (theirs, other)):
        if merged == content:
            return text
    made = json.dumps(merged, separators=(",", ":"), ensure_ascii=False)
    return b64encode(made.encode()).decode() if is_encoded else made


def _merge(
    base: dict[str, object],
    ours: dict[str, object],
    theirs: dict[str, object],
    path: tuple[str, ...],
    pick: Merger,
) -> dict[str, object]:
    found: dict[str, object] = {}
    for key in dict.fromkeys((*ours, *theirs)):
        was, mine, other = (content.get(key) for content in (base, ours, theirs))
        here = (*path, key)
        if other in (mine, was):
            value = mine
        elif mine == was:
            value = other
        elif key == _AUTHS and isinstance(mine, dict) and isinstance(other, dict):
            value = _merge(was if isinstance(was, dict) else {}, mine, other, here, pick)
        else:
            value = pick(was, mine, other, here)
        if value is not None:
            found[key] = value
    return found


def _read(text: str, *, is_encoded: bool) -> dict[str, object] | None:
    try:
        content = decode_base64(text) if is_encoded else text.encode()
        found = json.loads(content, object_pairs_hook=_refuse_duplicates)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get(_AUTHS), dict) else None


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
