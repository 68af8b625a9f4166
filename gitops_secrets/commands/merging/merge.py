"""Three versions of an encrypted file made into one that is encrypted at all times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.secrets.ruling import Ruling, ruling_by_recipients
from gitops_secrets.commands.secrets.sealing import Opened, Sealer
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.merging.sides import encrypted_places, text_of
from gitops_secrets.core.sops.merging.values import (
    Merged,
    Side,
    is_same,
    merge_names,
    merge_values,
)
from gitops_secrets.core.sops.valuechanges import changes_between
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
    versions: Versions, path: str, keyring: Keyring, chosen: Mapping[str, Side] | None = None
) -> Result:
    """Return the three versions of the file *path* merged, all of them encrypted.

    Values are compared in memory. What only one side changed counts, readers too; a reader whom one side
    took out stays out, under a data key that he never had. *chosen* says whose value counts for a key that
    both changed. Raises GitOpsSecretsError if a version cannot be opened, or its MAC does not fit, or the
    sides changed what is encrypted in different ways.
    """
    base, ours, theirs = (Manifest(content, path) for content in versions)
    side = text_of(base, ours, theirs)
    if side is None:
        raise GitOpsSecretsError(
            f"{path}: both sides changed its data key or what of it is encrypted",
            f"git checkout --ours -- {path}",
        )
    with Sealer(Overlay((), lambda _: None), keyring) as sealer:
        opened = _open(sealer, [m for m in (base, ours, theirs) if m.content.strip()])
        plain = [one.plain.roots for one in opened]
        found = merge_values(plain[-3] if plain[2:] else (), plain[-2], plain[-1], chosen or {})
        if found is None:
            raise GitOpsSecretsError(
                f"{path}: the sides do not have the same number of documents",
                f"git checkout --ours -- {path}",
            )
        kept = opened[-2] if side is Side.OURS else opened[-1]
        readers = merge_names(base.recipients, ours.recipients, theirs.recipients)
        sealed = _seal(sealer, kept, found, _ruling(kept.sealed, readers))
    _check(sealed, (ours, theirs))
    return Result(sealed.content, found.conflicts)


def _open(sealer: Sealer, manifests: Sequence[Manifest]) -> list[Opened]:
    for manifest in manifests:
        # Key files are read one after the other, and each once.
        sealer.identities(manifest)
    with ThreadPoolExecutor() as pool:
        return list(pool.map(sealer.open_manifest, manifests))


def _ruling(sealed: Manifest, readers: Sequence[str]) -> Ruling:
    """Return by what the merged file is encrypted again. Raises GitOpsSecretsError if readers of key groups changed."""
    metadata = sealed.metadata
    assert metadata is not None
    if metadata.groups and set(readers) != set(sealed.recipients):
        raise GitOpsSecretsError(
            f"{sealed.path}: the readers of its key groups changed, and it is not known into which group they go",
            f"git checkout --ours -- {sealed.path}",
        )
    return ruling_by_recipients(readers)._replace(mac_only=metadata.mac_only_encrypted)


def _seal(sealer: Sealer, kept: Opened, merged: Merged, ruling: Ruling) -> Manifest:
    """Return *kept* with what *merged* holds, for the readers of *ruling*."""
    changes = changes_between(kept.plain.roots, merged.roots)
    if changes is None:
        changed = not all(map(is_same, kept.plain.roots, merged.roots))
        if changed:
            raise GitOpsSecretsError(
                f"{kept.sealed.path}: both sides changed it, and sops sets no values in one of several documents",
                f"git checkout --ours -- {kept.sealed.path}",
            )
        changes = ()
    if changes:
        kept = sealer.change(kept, changes, ruling)
        if not all(map(is_same, kept.plain.roots, merged.roots)):
            raise GitOpsSecretsError(
                f"{kept.sealed.path}: the merged values do not read back as they are",
                f"git checkout --ours -- {kept.sealed.path}",
            )
    has, wanted = set(kept.sealed.recipients), set(ruling.recipients)
    if has - wanted:
        return sealer.reseal(kept, kept.plain, ruling, renew=True)
    return sealer.rewrap(kept, ruling) if has != wanted else kept.sealed


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
        raise GitOpsSecretsError(
            f"{sealed.path}: a value that is encrypted on one side would be readable",
            f"git checkout --ours -- {sealed.path}",
        )
