"""Whose comments count in each document of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from gitops_secrets.core.sops.merging.sides import Aspect
from gitops_secrets.core.sops.merging.values import Place, Side
from gitops_secrets.core.sops.merging.version import Sides, Version


class Comments(NamedTuple):
    """What the sides made of the comments, where they changed those of different documents."""

    sides: Mapping[Place, Side]
    """Whose count; of other documents both have the same."""
    is_open: bool
    """Whether both changed those of one document too, and nobody chose a side: then ours count in it."""


def comments_by_document(
    sides: Sides, places: Sequence[Place], chosen: Mapping[str, Side]
) -> Comments | None:
    """Return whose comments count in each of *places*; None if the text of one side has all that count."""
    if sides.base is None:
        return None
    found: dict[Place, Side] = {}
    is_open = False
    for place in places:
        if place.base is None or place.ours is None or place.theirs is None:
            # They come and go with the document.
            continue
        was = sides.base.comments[place.base]
        mine, other = sides.ours.comments[place.ours], sides.theirs.comments[place.theirs]
        if mine == other:
            continue
        if was in (mine, other):
            found[place] = Side.THEIRS if mine == was else Side.OURS
        else:
            is_open = is_open or Aspect.COMMENTS not in chosen
            found[place] = chosen.get(Aspect.COMMENTS, Side.OURS)
    return Comments(found, is_open) if len(set(found.values())) > 1 else None


def loses_comments(after: Version, *before: Sequence[str]) -> bool:
    """Return whether *after* does not have all of the comments *before*."""
    return bool(Counter(chain(*before)) - Counter(chain(*after.comments)))
