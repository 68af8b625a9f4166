"""The versions of a file that a merge makes one of, opened."""

from __future__ import annotations

from typing import NamedTuple

from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.merging.values import Side
from gitops_secrets.core.sops.reader.cipher import DataKey
from gitops_secrets.core.sops.reader.tree import Branch
from gitops_secrets.core.veiled import Veiled


class Version(Veiled):
    """One version of a file, and what it holds."""

    __slots__ = ("comments", "documents", "key", "manifest")

    def __init__(
        self,
        manifest: Manifest,
        documents: tuple[Branch, ...],
        comments: tuple[tuple[str, ...], ...],
        key: DataKey | None = None,
    ) -> None:
        self.manifest = manifest
        self.documents = documents
        self.comments = comments
        """Of each document, readable."""
        self.key = key
        """By which it was opened; None if it is readable or sops opened it."""

    @property
    def is_encrypted(self) -> bool:
        """Whether it has a sops block."""
        return self.manifest.metadata is not None

    @property
    def recipients(self) -> tuple[str, ...]:
        """The age recipients of its sops block."""
        return self.manifest.recipients


class Sides(NamedTuple):
    """The versions of a merge."""

    base: Version | None
    """None if both sides made the file."""
    ours: Version
    theirs: Version

    def of(self, side: Side) -> Version:
        """Return the version of *side*, ours or theirs."""
        return self.ours if side is Side.OURS else self.theirs

    def other_than(self, side: Side) -> Version:
        """Return the version of the other side."""
        return self.of(side.other)
