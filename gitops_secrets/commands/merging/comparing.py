"""An encrypted file held against what a commit has of it, by value."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.policy import revisions
from gitops_secrets.commands.secrets.file import locate
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.compared import Difference, differences
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.errors import GitOpsSecretsError


class Readers(NamedTuple):
    """Who can decrypt one version and not the other: age recipients, and other keys as KIND:IDENTIFICATION."""

    come: tuple[str, ...]
    gone: tuple[str, ...]


class Comparison(Veiled):
    """Two versions of a file, both opened. What it shows by itself holds no value."""

    __slots__ = ("_new", "_old", "commit", "differing", "path", "readers", "same")

    def __init__(self, path: str, commit: str, old: _Version, new: _Version) -> None:
        self.path = path
        self.commit = commit
        """The id of the commit that the file is held against."""
        self._old, self._new = old.plain, new.plain
        self.differing: tuple[Difference, ...]
        self.differing, self.same = differences(old.plain.roots, new.plain.roots)
        """What is another value, and how many values are the same."""
        self.readers = Readers(
            tuple(r for r in new.readers if r not in old.readers),
            tuple(r for r in old.readers if r not in new.readers),
        )

    def reveal(self) -> Iterator[str]:
        """Yield the lines of a diff of what both versions hold, readable."""
        old, new = (m.content.decode().splitlines() for m in (self._old, self._new))
        begin, end = f"{self.path} ({self.commit[:10]})", self.path
        yield from difflib.unified_diff(old, new, begin, end, lineterm="")


class _Version(NamedTuple):
    plain: Manifest
    readers: tuple[str, ...]

    def __repr__(self) -> str:
        return "_Version(...)"


def compare(file: Path, revision: str, identity_file: Path | None) -> Comparison:
    """Return *file* held against what *revision* has of it. Nothing is written, and no value is kept.

    Raises GitOpsSecretsError if one of both is not there, or is encrypted and no identity at hand opens it.
    """
    found = locate(file)
    commit = revisions.judged(Git(str(found.repository.top)), revision).id
    content = found.repository.contents(commit, [found.path])[1][found.path]
    if content is None:
        raise GitOpsSecretsError(
            f"{revision} has no {found.path}", f"git log --oneline --follow -- {found.path}"
        )
    with Sealer(Overlay((), lambda _: None), Keyring(identity_file), secrets_only=False) as sealer:
        old = _open(sealer, Manifest(content, found.path))
        return Comparison(found.path, commit, old, _open(sealer, found.read()))


def _open(sealer: Sealer, manifest: Manifest) -> _Version:
    if not manifest.has_ciphertext:
        return _Version(manifest, ())
    readers = (
        *manifest.recipients,
        *(f"{key.kind}:{key.identification}" for key in manifest.other_keys),
    )
    return _Version(sealer.open_manifest(manifest).plain, readers)
