"""Three versions of an encrypted file made into one that is encrypted at all times."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.secrets.ruling import Ruling
from gitops_secrets.commands.secrets.sealing import Opened, Sealer
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.creationrules import choose_rule, parse_rules
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.merging.sides import Refusal, encrypted_places, way_of
from gitops_secrets.core.sops.merging.values import (
    Merged,
    Side,
    is_same,
    merge_values,
)
from gitops_secrets.core.sops.refusals import refuse_loss
from gitops_secrets.core.sops.ruleconfig import config_like
from gitops_secrets.core.sops.valuechanges import changes_between, comments_of
from gitops_secrets.errors import GitOpsSecretsError


class Versions(NamedTuple):
    """The contents of one file: where both sides began, and what each made of it."""

    base: bytes
    """Empty if both sides made the file."""
    ours: bytes
    theirs: bytes


class Result(NamedTuple):
    """What came of a merge."""

    content: bytes
    """Encrypted in full: with our value for each key of *conflicts*."""
    conflicts: tuple[str, ...]
    """The keys that both sides changed, to different values, and of which nobody chose one."""


def is_encrypted(content: bytes, path: str) -> bool:
    """Return whether *content* is a YAML or JSON file with a sops block."""
    try:
        return Manifest(content, path).metadata is not None
    except GitOpsSecretsError:
        return False


def merge(
    versions: Versions,
    path: str,
    keyring: Keyring,
    named: Collection[str] = (),
    chosen: Mapping[str, Side] | None = None,
) -> Result:
    """Return the three versions of the file *path* merged, all of them encrypted.

    Values are compared in memory. What only one side changed counts, readers too; a reader whom one side
    took out stays out, under a data key that he never had. *named* are the recipients of our creation rule, and
    *chosen* says whose value counts for a key that both changed. Raises GitOpsSecretsError if a version cannot
    be opened, its MAC does not fit, or ``way_of`` finds no way.
    """
    base, ours, theirs = (Manifest(content, path) for content in versions)
    way = way_of(base, ours, theirs, named)
    if isinstance(way, Refusal):
        add = (f"gitops-secrets key add {way.stranger}",) if way.stranger else ()
        raise _refused(path, way.words, *add)
    with Sealer(Overlay((), lambda _: None), keyring) as sealer:
        opened = _open(sealer, [m for m in (base, ours, theirs) if m.content.strip()])
        plain = [one.plain.roots for one in opened]
        found = merge_values(plain[-3] if plain[2:] else (), plain[-2], plain[-1], chosen or {})
        if found is None:
            raise _refused(path, "the sides do not have the same number of documents")
        kept, other = opened[-2:] if way.kept is Side.OURS else reversed(opened[-2:])
        _refuse_text_of(other, kept, opened[-3] if opened[2:] else None)
        ruling = _ruling(ours if way.rule is Side.OURS else theirs, kept.sealed, way.readers)
        sealed = _seal(sealer, kept, found, ruling, renews=way.renews)
    _check(sealed, (ours, theirs))
    return Result(sealed.content, found.conflicts)


def named_readers(repository: Repository, path: str) -> tuple[str, ...]:
    """Return the recipients of the creation rule for *path* in the last commit of our side; none if it has no rule."""
    content = repository.contents("HEAD", [CONFIG])[1][CONFIG]
    try:
        rule = choose_rule(parse_rules(content or b""), path)
    except GitOpsSecretsError:
        return ()
    return tuple(r.value for r in rule.recipients) if rule is not None else ()


def _refused(path: str, why: str, *hints: str) -> GitOpsSecretsError:
    return GitOpsSecretsError(
        f"{path}: {why}", *(hints or (f"git checkout --ours -- {shlex.quote(path)}",))
    )


def _open(sealer: Sealer, manifests: Sequence[Manifest]) -> list[Opened]:
    for manifest in manifests:
        # Key files are read one after the other, and each once.
        sealer.identities(manifest)
    with ThreadPoolExecutor() as pool:
        return list(pool.map(sealer.open_manifest, manifests))


def _refuse_text_of(other: Opened, kept: Opened, base: Opened | None) -> None:
    """Raise GitOpsSecretsError if *other* changed what is not set value by value, and *kept* has not: it would be lost."""
    was = _aspects(base if base is not None else kept)
    has = _aspects(kept)
    for name, found in _aspects(other).items():
        if found not in (has[name], was[name]):
            raise _refused(kept.sealed.path, f"{name} differ on the side that is not kept")


def _aspects(one: Opened) -> dict[str, object]:
    """Return what stands in the text of a version, and is not set value by value."""
    metadata = one.sealed.metadata
    return {
        "the comments": comments_of(one.plain.content),
        "the key managers": {(key.kind, key.identification) for key in one.sealed.other_keys},
        "the key groups": metadata.opening if metadata is not None and metadata.groups else None,
    }


def _ruling(like: Manifest, kept: Manifest, readers: Sequence[str]) -> Ruling:
    """Return by what the merged file is encrypted: as *like* is, for *readers*.

    Raises GitOpsSecretsError if readers of key groups changed.
    """
    metadata = like.metadata
    assert metadata is not None
    if metadata.groups and set(readers) != set(kept.recipients):
        raise _refused(
            kept.path,
            "the readers of its key groups changed, and it is not known into which group they go",
        )
    config = config_like(metadata, readers, {"yaml": 2})
    return Ruling(config, tuple(readers), mac_only=metadata.mac_only_encrypted)


def _seal(
    sealer: Sealer, kept: Opened, merged: Merged, ruling: Ruling, *, renews: bool
) -> Manifest:
    """Return *kept* with what *merged* holds, for the readers of *ruling*; with *renews* under a new data key."""
    path = kept.sealed.path
    changes = changes_between(kept.plain.roots, merged.roots)
    if changes is None:
        if not all(map(is_same, kept.plain.roots, merged.roots)):
            raise _refused(
                path, "both sides changed it, and sops sets no values in one of several documents"
            )
        changes = ()
    if changes:
        kept = sealer.change(kept, changes, ruling)
        if not all(map(is_same, kept.plain.roots, merged.roots)):
            raise _refused(path, "the merged values do not read back as they are")
    if renews:
        refuse_loss(path, kept.sealed.other_keys)
        return sealer.seal(kept.plain, ruling)
    has_all = set(kept.sealed.recipients) == set(ruling.recipients)
    return kept.sealed if has_all else sealer.rewrap(kept, ruling)


def _check(sealed: Manifest, sides: Sequence[Manifest]) -> None:
    """Raise GitOpsSecretsError if a value is readable in *sealed* that is encrypted on one of *sides*."""
    held = encrypted_places(sealed)
    present = {
        (number, path)
        for number, document in enumerate(sealed.documents)
        for path in (value.path for value in document.values if not value.empty)
    }
    secret = {place for side in sides for place in encrypted_places(side)}
    if (present & secret) - held:
        raise _refused(sealed.path, "a value that is encrypted on one side would be readable")
