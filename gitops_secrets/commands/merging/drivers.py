"""What Git starts to merge an encrypted file."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_secrets.adapters.files import replace_file
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.running.interrupts import held_back
from gitops_secrets.adapters.running.process import pass_on
from gitops_secrets.commands.merging.merge import Result, Versions, is_encrypted, merge
from gitops_secrets.core.sops.keys.readers import Readers
from gitops_secrets.core.sops.merging.values import Side
from gitops_secrets.core.sops.merging.ways import Trust
from gitops_secrets.errors import GitOpsSecretsError

if TYPE_CHECKING:
    from gitops_secrets.adapters.git.repository import Repository


def merge_in_place(base: Path, ours: Path, theirs: Path, path: str) -> Result | None:
    """Merge the files that Git gives for *path* into *ours*; None if neither side is encrypted.

    Raises GitOpsSecretsError if they cannot be read, or not merged by value; then *ours* is as it was.
    """
    versions = _read(base, ours, theirs, path)
    if not _concerns_us(versions, path):
        return None
    result = merge(versions, path, Keyring(), _trust(path, versions.ours))
    _write(ours, versions.ours, result.content)
    return result


def merge_bases_in_place(base: Path, ours: Path, theirs: Path, path: str) -> bool:
    """Merge two bases of *path* into *ours*; return False if neither is encrypted.

    Of a conflict the value where both began counts: a side that resolved it later differs from that, and would
    not differ from a base that has its value already. What cannot be merged at all is as where both began.
    """
    versions = _read(base, ours, theirs, path)
    if not _concerns_us(versions, path):
        return False
    try:
        trust = _trust(path, versions.ours)
        content = merge(versions, path, Keyring(), trust, otherwise=Side.BASE).content
    except GitOpsSecretsError:
        content = versions.base
    _write(ours, versions.ours, content)
    return True


def merge_by_lines(base: Path, ours: Path, theirs: Path) -> bool:
    """Merge into *ours* as Git does without a driver; return whether no conflict is left."""
    labels = [word for name in ("ours", "base", "theirs") for word in ("-L", name)]
    files = [os.path.abspath(file) for file in (ours, base, theirs)]
    return _repository().git("merge-file", *labels, *files).status == 0


def _repository() -> Repository:
    from gitops_secrets.adapters.git.opening import open_repository

    return open_repository(Path())


def _trust(path: str, ours: bytes) -> Trust:
    """Return what our branch says, and whether *ours* is a version of it."""
    return Trust(partial(_named_readers, path), partial(_is_of_our_branch, ours))


def _is_of_our_branch(ours: bytes) -> bool:
    from gitops_secrets.commands.merging.trusting import is_of_our_branch

    return is_of_our_branch(_repository(), ours)


def _named_readers(path: str) -> Readers:
    from gitops_secrets.commands.merging.trusting import named_readers

    return named_readers(_repository(), path)


def _read(base: Path, ours: Path, theirs: Path, path: str) -> Versions:
    try:
        return Versions(base.read_bytes(), ours.read_bytes(), theirs.read_bytes())
    except OSError as error:
        raise GitOpsSecretsError(
            f"{path}: Git's copy of it cannot be read: {error.strerror}"
        ) from None


def _concerns_us(versions: Versions, path: str) -> bool:
    return is_encrypted(versions.ours, path) or is_encrypted(versions.theirs, path)


def _write(file: Path, before: bytes, after: bytes) -> None:
    """Write Git's own temporary file, which holds *before*: all of *after* or nothing, whatever signal comes.

    On a full disk it is as it was. Raises OSError then.
    """
    if after != before:
        with held_back(pass_on) as held:
            replace_file(file, after)
        held.check()
