"""Three versions of an encrypted file made into one that is encrypted at all times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.merging.opening import open_version
from gitops_secrets.commands.merging.refusing import refused
from gitops_secrets.commands.merging.writing import Writer
from gitops_secrets.commands.secrets.datakeys import DataKeys
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.merging.comments import Comments, comments_by_document
from gitops_secrets.core.sops.merging.documents import places_of
from gitops_secrets.core.sops.merging.sides import Aspect, Text, aspects_of, choose_text
from gitops_secrets.core.sops.merging.values import (
    Documents,
    Place,
    Side,
    are_same,
    merge_values,
)
from gitops_secrets.core.sops.merging.version import Sides, Version
from gitops_secrets.core.sops.merging.ways import Refusal, Trust, Way, way_of
from gitops_secrets.errors import GitOpsSecretsError


class Versions(NamedTuple):
    """The contents of one file: where both sides began, and what each made of it."""

    base: bytes
    """Empty if both sides made the file."""
    ours: bytes
    theirs: bytes


class Told(NamedTuple):
    """What whoever merges is told of a merge, whether a conflict is left or not."""

    assembled: bool = False
    """Whether all of it is encrypted anew, because sops cannot set what changed."""
    let_in: tuple[str, ...] = ()
    """The readers whom one side alone lets in, and whom our creation rule does not name."""
    older: str | None = None
    """When sops wrote a version of another branch that is older than that where both began; None if there is none."""


class Result(NamedTuple):
    """What came of a merge."""

    content: bytes
    """Encrypted: with our value for each key of *conflicts*, or the base's if that was asked for."""
    conflicts: tuple[str, ...]
    """The keys that both sides changed, to different values, and of which nobody chose one."""
    told: Told


def is_encrypted(content: bytes, path: str) -> bool:
    """Return whether *content* is a YAML or JSON file with a sops block."""
    try:
        return Manifest(content, path).metadata is not None
    except GitOpsSecretsError:
        return False


def are_alike(one: bytes, other: bytes, path: str, keyring: Keyring) -> bool:
    """Return whether two versions of the file *path* hold the same values and comments, encrypted or not."""
    with Sealer(Overlay((), lambda _: None), keyring, secrets_only=False) as sealer:
        keys = DataKeys(keyring)
        try:
            left, right = (open_version(Manifest(c, path), keys, sealer) for c in (one, other))
        except GitOpsSecretsError:
            return False
    return are_same(left.documents, right.documents) and left.comments == right.comments


def merge(
    versions: Versions,
    path: str,
    keyring: Keyring,
    trust: Trust,
    chosen: Mapping[str, Side] | None = None,
    otherwise: Side = Side.OURS,
) -> Result:
    """Return the three versions of the file *path* merged and encrypted; one of both sides at least is encrypted.

    Values are compared in memory. What only one side changed counts, readers too; a reader whom one side
    took out stays out, under a data key that he never had. *trust* says who may read what is ours. *chosen* says
    whose value counts for a key that both changed, *otherwise* whose counts for those that nobody chose. Raises
    GitOpsSecretsError if a version cannot be opened, or its MAC does not fit, or the sides changed it in ways that
    sops cannot be told, or ``way_of`` finds no way.
    """
    chosen = chosen or {}
    with Sealer(Overlay((), lambda _: None), keyring, secrets_only=False) as sealer:
        keys = DataKeys(keyring)
        base, ours, theirs = (
            open_version(Manifest(content, path), keys, sealer) if content.strip() else None
            for content in versions
        )
        if ours is None or theirs is None:
            raise refused(path, "a side of it is empty")
        sides = Sides(base, ours, theirs)
        _refuse_decrypted(sides)
        places = places_of(sides)
        if places is None:
            raise refused(
                path,
                "a side has more or fewer documents, and their kinds and names do not tell them apart",
            )
        before = base.documents if base is not None else ()
        found = merge_values(places, before, ours.documents, theirs.documents, chosen, otherwise)
        if not found.documents:
            raise refused(path, "the sides together removed all of its documents")
        comments = comments_by_document(sides, places, chosen)
        text = _text_by_aspects(sides, places, chosen, comments)
        way = _choose_way(sides, text, found.documents, trust, comments)
        sealed = Writer(sides, way, keys, sealer).write(found, comments.sides if comments else {})
    conflicts = (
        *found.conflicts,
        *((str(Aspect.COMMENTS),) if comments and comments.is_open else ()),
        *(text.conflicts if text else ()),
    )
    told = Told(way.assembles, way.let_in, _older(sides, trust))
    return Result(sealed.content, conflicts, told)


def _older(sides: Sides, trust: Trust) -> str | None:
    """Return when sops wrote a version of another branch that puts values back; None if neither side does.

    The time is in the MAC: nobody writes another one without the data key. Whoever has no key can put back a
    whole version of before, and the merge gives what it holds a MAC of today.
    """
    base, ours, theirs = sides
    if base is None:
        return None
    for side in (theirs, ours):
        if _is_older(side, base) and (side is theirs or not trust.knows_ours()):
            return _written(side)
    return None


def _is_older(side: Version, base: Version) -> bool:
    stamp, began = _written(side), _written(base)
    return bool(stamp) and stamp < began and not are_same(side.documents, base.documents)


def _written(version: Version) -> str:
    """Return when sops wrote *version*, to the second and in UTC as sops writes it; empty if it is readable."""
    metadata = version.manifest.metadata
    return ((metadata.lastmodified if metadata is not None else None) or "")[:19]


def _refuse_decrypted(sides: Sides) -> None:
    """Raise GitOpsSecretsError if a side made readable what was encrypted: neither is what both want."""
    for side in (Side.OURS, Side.THEIRS):
        if sides.base is not None and sides.base.is_encrypted and not sides.of(side).is_encrypted:
            whose = "our" if side is Side.OURS else "their"
            path = sides.ours.manifest.path
            raise refused(path, f"{whose} version of it is readable, and it was encrypted")


def _text_by_aspects(
    sides: Sides, places: Sequence[Place], chosen: Mapping[str, Side], comments: Comments | None
) -> Text | None:
    """Return whose text has what is not set value by value; None if both have it."""
    if not (sides.ours.is_encrypted and sides.theirs.is_encrypted):
        return Text(Side.OURS if sides.ours.is_encrypted else Side.THEIRS, ())
    # The comments of a document that one side added or removed come and go with it.
    base, ours, theirs = sides
    shared = [p for p in places if p.is_on_both_sides and (base is None or p.base is not None)]
    return choose_text(
        aspects_of(base.manifest, _comments(base, [p.base for p in shared]))
        if base is not None
        else None,
        aspects_of(ours.manifest, _comments(ours, [p.ours for p in shared])),
        aspects_of(theirs.manifest, _comments(theirs, [p.theirs for p in shared])),
        chosen,
        [aspect for aspect in Aspect if comments is None or aspect is not Aspect.COMMENTS],
    )


def _comments(version: Version, numbers: Sequence[int | None]) -> list[tuple[str, ...]]:
    return [version.comments[number] for number in numbers if number is not None]


def _choose_way(
    sides: Sides, text: Text | None, wanted: Documents, trust: Trust, comments: Comments | None
) -> Way:
    """Return the way by which sops can be told what is *wanted*, and which encrypts as little anew as can be."""
    candidates = (Side.OURS, Side.THEIRS) if text is None else (text.side,)
    found = [
        way_of(sides, side, wanted, trust, assembles=comments is not None) for side in candidates
    ]
    ways = [way for way in found if isinstance(way, Way)]
    if not ways:
        refusal = found[0]
        assert isinstance(refusal, Refusal)
        # While a merge is under way, no other command commits.
        first = ("abort it: git status says how",) if trust.knows_ours() else ()
        raise refused(sides.ours.manifest.path, refusal.words, *first, refusal.hint)
    return min(
        ways,
        key=lambda way: (way.assembles, way.renews, way.wraps),
    )
