"""One file of Secrets: where it is, and what is planned for it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.files import check_inside, read_file
from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.running.here import way_to_top
from gitops_secrets.adapters.writing.transaction import open_transaction
from gitops_secrets.commands.repository.committing import refuse_left_out
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_SUFFIXES = (".yaml", ".yml", ".json")


class SecretFile(NamedTuple):
    """A file by its path from the repository's top, in the tree that edits of it are planned in."""

    repository: Repository
    path: str
    tree: Overlay

    def read(self) -> Manifest:
        """Return what it holds. Raises GitOpsSecretsError if it is not there."""
        content = self.tree.read(self.path)
        if content is None:
            listing = self.repository.begin_listing()()
            refuse_left_out(self.repository, listing, [self.path])
            raise GitOpsSecretsError(f"{self.path} is not there")
        return Manifest(content, self.path)

    def write(self, then: Callable[[], None] | None = None) -> bool:
        """Write what is planned, and return whether anything is. Raises GitOpsSecretsError if the file changed.

        *then* is done last, planned or not: if it raises StepError, the file is as before.
        """
        changes = self.tree.changes()
        if changes or then is not None:
            with open_transaction(self.repository) as transaction:
                transaction.write(changes, then=then)
        return bool(changes)


def locate(file: Path) -> SecretFile:
    """Return *file*, there or not: from the current folder or, if it is only there, from the top.

    What is printed has its paths from the top. Raises GitOpsSecretsError if it is in no Git work tree.
    """
    from_top = Path(way_to_top(), file)
    if not file.exists() and from_top.is_file():
        file = from_top
    if file.is_dir():
        raise UsageError(f"{file} is a folder", "name the file: gitops-secrets show FILE")
    if file.suffix not in _SUFFIXES:
        to = shlex.quote(str(file.with_suffix(".yaml")))
        readable = f"gitops-secrets encrypt {shlex.quote(str(file))} --to {to}"
        raise UsageError(
            f"{file} does not end in {', '.join(_SUFFIXES)}, and Flux would not decrypt it",
            readable if file.is_file() else f"name it {file.name}.yaml",
        )
    folder = file.parent.resolve()
    there = next(f for f in (folder, *folder.parents) if f.is_dir())
    repository = open_repository(there)
    path = (folder / file.name).relative_to(repository.top.resolve()).as_posix()
    check_inside(repository.top, path)
    return SecretFile(repository, path, Overlay((), lambda name: read_file(repository.top, name)))
