"""One version of an encrypted file, and what is said of two that have one MAC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gitops_secrets.core.guard.patterns.ciphertext import tag_of
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.verify.checks import EDIT_ANY, is_ours
from gitops_secrets.core.yamltext.nodes import Path, walk_scalars

Origins = Mapping[str, Sequence[tuple[str, Path, str]]]
"""Where each ciphertext stands or stood: path of the file, keys, and the commit; by the ciphertext's name."""


class Version(NamedTuple):
    """One version of an encrypted file."""

    file: EncryptedFile
    commit: str
    """The commit that brought it; empty for what is not committed."""

    @property
    def place(self) -> str:
        """The version as a sentence names it."""
        return f"commit {self.commit[:12]}" if self.commit else "the work tree"


class Shown(NamedTuple):
    """What two versions with one MAC show."""

    finding: Finding
    is_of_mac: bool
    """Whether a MAC that fits the later version disproves it."""


def ciphertexts(file: EncryptedFile) -> Iterator[tuple[str, Path]]:
    """Yield the name of each ciphertext of *file*, with its keys."""
    for root in file.roots:
        for path, node in walk_scalars(root):
            if path[:1] != ("sops",) and is_encrypted_value(str(node.value)):
                yield tag_of(str(node.value)), path


def restore(before: Version, after: Version) -> str:
    """Return what puts *before* back, or accepts *after*; empty if they are different files."""
    if not before.commit or before.file.path != after.file.path:
        return ""
    if not all(is_ours(document.kind) for document in after.file.documents):
        return f"unless it is meant: git restore --source {before.commit[:12]} -- {{path}}; if it is: {EDIT_ANY}"
    return (
        f"unless it is meant: git restore --source {before.commit[:12]} -- {{path}}; if it is: "
        "gitops-secrets encrypt --ignore-mac {path}"
    )
