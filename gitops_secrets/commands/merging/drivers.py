"""What Git starts for an encrypted file: its merge driver, and the text that it compares in a diff."""

from __future__ import annotations

import os
from pathlib import Path

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.merging.merge import (
    Result,
    Versions,
    is_encrypted,
    merge,
    named_readers,
)
from gitops_secrets.errors import GitOpsSecretsError


def merge_in_place(base: Path, ours: Path, theirs: Path, path: str) -> Result | None:
    """Merge the files that Git gives for *path* into *ours*; None if they are not encrypted on both sides.

    Raises GitOpsSecretsError if they cannot be read, or not merged by value; then *ours* is as it was.
    """
    try:
        versions = Versions(base.read_bytes(), ours.read_bytes(), theirs.read_bytes())
    except OSError as error:
        raise GitOpsSecretsError(
            f"{path}: Git's copy of it cannot be read: {error.strerror}"
        ) from None
    if not (is_encrypted(versions.ours, path) and is_encrypted(versions.theirs, path)):
        return None
    if not is_encrypted(versions.base, path):
        versions = versions._replace(base=b"")
    result = merge(versions, path, Keyring(), named_readers(open_repository(Path()), path))
    if result.content != versions.ours:
        ours.write_bytes(result.content)
    return result


def merge_by_lines(base: Path, ours: Path, theirs: Path) -> bool:
    """Merge into *ours* as Git does without a driver; return whether no conflict is left."""
    labels = [word for name in ("ours", "base", "theirs") for word in ("-L", name)]
    files = [os.path.abspath(file) for file in (ours, base, theirs)]
    return open_repository(Path()).git("merge-file", *labels, *files).status == 0
