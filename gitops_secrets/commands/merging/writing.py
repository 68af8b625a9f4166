"""The text of one side with what the other made of it, encrypted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitops_secrets.commands.merging.assembling import assemble
from gitops_secrets.commands.merging.opening import open_version
from gitops_secrets.commands.merging.refusing import refused
from gitops_secrets.commands.secrets.datakeys import DataKeys
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.merging.changes import changes_to
from gitops_secrets.core.sops.merging.comments import loses_comments
from gitops_secrets.core.sops.merging.sides import encrypted_places
from gitops_secrets.core.sops.merging.values import Documents, Merged, Place, Side, are_same
from gitops_secrets.core.sops.merging.version import Sides, Version
from gitops_secrets.core.sops.merging.ways import Way
from gitops_secrets.core.sops.refusals import refuse_loss
from gitops_secrets.core.sops.rules.startconfig import ruling_like
from gitops_secrets.core.yamltext.nodes import Path
from gitops_secrets.errors import GitOpsSecretsError


class Writer:
    """Makes the text that *way* keeps into the merged file."""

    def __init__(self, sides: Sides, way: Way, keys: DataKeys, sealer: Sealer) -> None:
        self._sides = sides
        self._way = way
        self._keys = keys
        self._sealer = sealer
        self._kept = sides.of(way.kept)
        self._path = self._kept.manifest.path
        if not way.readers:
            raise GitOpsSecretsError(f"{self._path}: nobody would be left to read it")
        self._ruling = ruling_like(self._kept.manifest, way.readers)

    def write(self, merged: Merged, comments: Mapping[Place, Side]) -> Manifest:
        """Return the text with what *merged* holds, for the readers of the way, read back.

        *comments* says whose comments count in documents where the text is not to have its own.
        """
        sealed = (
            self._assembled(merged, comments)
            if self._way.assembles
            else self._changed(merged.documents)
        )
        self._check(sealed, merged.places)
        return sealed

    def _assembled(self, merged: Merged, comments: Mapping[Place, Side]) -> Manifest:
        refuse_loss(self._path, self._kept.manifest.other_keys)
        plain = assemble(self._sides, self._way.kept, merged, comments, self._sealer, self._ruling)
        after = self._read_back(self._sealer.seal(plain, self._ruling), merged.documents)
        if loses_comments(
            after, *(self._comments(place, side) for place, side in comments.items())
        ):
            raise refused(self._path, "a comment would be lost")
        return after.manifest

    def _comments(self, place: Place, side: Side) -> Sequence[str]:
        number = place.of(side)
        return () if number is None else self._sides.of(side).comments[number]

    def _changed(self, wanted: Documents) -> Manifest:
        kept = self._kept
        if not are_same(kept.documents, wanted):
            kept = self._set(kept, wanted)
        sealed = kept.manifest
        if self._way.renews or self._way.wraps:
            refuse_loss(self._path, sealed.other_keys)
            opened = self._sealer.open_manifest(sealed)
            sealed = (
                self._sealer.seal(opened.plain, self._ruling)
                if self._way.renews
                else self._sealer.rewrap(opened, self._ruling)
            )
        return sealed

    def _set(self, kept: Version, wanted: Documents) -> Version:
        changes = changes_to(kept.documents, wanted)
        assert changes is not None
        identities = self._sealer.identities(kept.manifest)
        sealed = self._sealer.set_values(kept.manifest, identities, changes, self._ruling)
        after = self._read_back(sealed, wanted)
        # An element that sops sets by its number may be a comment of the list.
        if loses_comments(after, *kept.comments):
            raise refused(self._path, "a comment would be lost")
        return after

    def _read_back(self, sealed: Manifest, wanted: Documents) -> Version:
        after = open_version(sealed, self._keys, self._sealer)
        if not are_same(after.documents, wanted):
            raise refused(self._path, "the merged values do not read back as they are")
        return after

    def _check(self, sealed: Manifest, places: Sequence[Place]) -> None:
        """Raise GitOpsSecretsError for other readers, or if a value is readable that is encrypted on a side."""
        present = {
            (number, path)
            for number, document in enumerate(sealed.documents)
            for path in (value.path for value in document.values if not value.empty)
        }
        if (present & self._secret(places)) - encrypted_places(sealed):
            raise refused(self._path, "a value that is encrypted on one side would be readable")
        if set(sealed.recipients) != set(self._way.readers):
            raise refused(self._path, "it would have other readers than both sides let in")
        metadata = sealed.metadata
        opening = (self._ruling.opening, self._ruling.needed)
        if (
            metadata is not None
            and metadata.groups
            and (metadata.opening, metadata.needed) != opening
        ):
            raise refused(self._path, "it would have other key groups than the side that is kept")

    def _secret(self, places: Sequence[Place]) -> set[tuple[int, Path]]:
        """Return where a side has an encrypted value, by the number of the document in the merged file."""
        return {
            (number, path)
            for side in (Side.OURS, Side.THEIRS)
            for document, path in encrypted_places(self._sides.of(side).manifest)
            for number, place in enumerate(places)
            if place.of(side) == document
        }
