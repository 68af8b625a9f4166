"""The merged documents as one readable text, in memory: what sops cannot set is encrypted anew."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from gitops_secrets.commands.merging.refusing import refused
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.merging.changes import StandIns
from gitops_secrets.core.sops.merging.values import Merged, Place, Side, is_same
from gitops_secrets.core.sops.merging.version import Sides, Version
from gitops_secrets.core.sops.reader.tree import Branch
from gitops_secrets.core.sops.rules.startconfig import Ruling
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.core.yamltext.nested import split_documents


class _Texts(Veiled):
    """A version, and the readable text of each of its documents."""

    __slots__ = ("texts", "version")

    def __init__(self, version: Version, sealer: Sealer) -> None:
        self.version = version
        manifest = version.manifest
        plain = sealer.open_manifest(manifest).plain if version.is_encrypted else manifest
        self.texts = split_documents(plain.content)
        if len(self.texts) != len(version.documents):
            raise refused(manifest.path, "its documents are not each on lines of their own")

    def has_comments_of(self, other: _Texts, mine: int, theirs: int | None) -> bool:
        """Return whether the document *mine* has the comments that *theirs* has in *other*."""
        return theirs is not None and self.version.comments[mine] == other.version.comments[theirs]

    def of(self, number: int | None, wanted: Branch) -> bytes | None:
        """Return the text of the document *number* if it holds *wanted*."""
        if number is None or not is_same(self.version.documents[number], wanted):
            return None
        return self.texts[number]


def assemble(
    sides: Sides,
    side: Side,
    merged: Merged,
    comments: Mapping[Place, Side],
    sealer: Sealer,
    ruling: Ruling,
) -> Manifest:
    """Return *merged* readable: the text of *side*, with its comments, and what the other side has for it.

    In a document of *comments* the comments of that side count.

    The caller reads back what comes of it: not every text can be told document by document. Raises
    GitOpsSecretsError if a version cannot be opened, or the text of a document not be changed.
    """
    versions = {one: _Texts(sides.of(one), sealer) for one in (side, side.other)}
    path = sides.of(side).manifest.path
    texts = []
    for place, wanted in zip(merged.places, merged.documents, strict=True):
        first = comments.get(place, side)
        kept, other = versions[first], versions[first.other]
        mine, theirs = place.of(first), place.of(first.other)
        text = kept.of(mine, wanted)
        if text is None and (mine is None or kept.has_comments_of(other, mine, theirs)):
            text = other.of(theirs, wanted)
        if text is None:
            assert mine is not None
            one = Manifest(kept.texts[mine], path)
            text = _set(one, kept.version.documents[mine], wanted, sealer, ruling)
        texts.append(text if text.endswith(b"\n") else text + b"\n")
    return Manifest(b"---\n".join(texts), path)


def _set(one: Manifest, old: Branch, wanted: Branch, sealer: Sealer, ruling: Ruling) -> bytes:
    """Return the readable document *one*, which holds *old*, as sops makes it hold *wanted*: its comments stay.

    It is encrypted for that as a file of its own, so that nothing of it is readable outside memory.
    """
    stand_ins = StandIns(old, wanted, secrets.token_hex(16))
    sealed = sealer.seal(one, ruling)
    changed = sealer.set_values(sealed, sealer.identities(sealed), stand_ins.changes, ruling)
    return stand_ins.fill(sealer.open_manifest(changed).plain.content)
