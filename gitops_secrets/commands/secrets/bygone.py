"""The pull Secrets that Git had: in the history of a commit, and in whatever else the clone remembers."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterable
from typing import NamedTuple

from gitops_secrets.adapters.git.commits import changes_of
from gitops_secrets.adapters.git.missing import lacks
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.rawdiff import Change
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.core.repository.layout import ENDINGS
from gitops_secrets.core.sops.structure import encrypted_documents
from gitops_secrets.errors import GitOpsSecretsError

Name = tuple[str, str]
"""Namespace and name."""
_EVERY_WAY = "--full-history"
"""Without it git leaves out the branches of which a merge kept nothing: a Secret that came and went in one."""


class Had(NamedTuple):
    """A pull Secret that commits had."""

    paths: tuple[str, ...]
    """Its files, the last one first."""
    commit: str
    """The last one that changed it."""
    is_beside: bool
    """Whether only commits outside the history that counts had it, as after a merge by squash."""

    @property
    def why(self) -> str:
        """Why the Secret is left over."""
        if self.is_beside:
            return f"{self.paths[0]} was in {self.commit[:10]}, which was not merged as it is"
        return f"{self.paths[0]} is no longer in Git"


class Bygone:
    """Looks at what *repository* has before and beside the commit *revision*."""

    def __init__(self, repository: Repository, revision: str) -> None:
        self._repository, self._revision = repository, revision
        self._git = Git(str(repository.top))

    def find(
        self, folders: Collection[str], now: Collection[tuple[str | None, str | None]]
    ) -> dict[Name, Had]:
        """Return the Secrets that *folders* had, and that are not among those of *now*.

        First come those of the history of the commit. Raises GitOpsSecretsError if that is not all here.
        """
        git, revision = self._git, self._revision
        if git.is_shallow():
            raise GitOpsSecretsError(
                "this clone is shallow, and what Git had before cannot be seen in it",
                "git fetch --unshallow",
                "in CI, have the whole history fetched: fetch-depth: 0",
            )
        paths = ("--", *(f":(top,literal){folder}" for folder in folders))
        before = changes_of(git, revision, _EVERY_WAY, *paths)
        beside = changes_of(git, "--all", "--reflog", "--not", revision, _EVERY_WAY, *paths)
        found: dict[Name, Had] = {}
        for changes, is_beside in ((before, False), (beside, True)):
            for name, brought in self._read(changes, folders).items():
                if not {name, (None, name[1])} & {*now}:
                    paths = tuple(dict.fromkeys(change.path for change in reversed(brought)))
                    found.setdefault(name, Had(paths, brought[-1].commit, is_beside))
        return found

    def _read(
        self, changes: Iterable[Change], folders: Collection[str]
    ) -> dict[Name, list[Change]]:
        """Return which of *changes* brought each Secret into *folders*, the oldest first."""
        files = {
            c.new: c
            for c in changes
            if c.new
            and c.path.endswith(ENDINGS)
            and any(c.path.startswith(f"{folder}/") for folder in folders)
        }
        found: dict[Name, list[Change]] = {}
        for blob, content in self._git.contents(list(files)):
            change = files[blob]
            if content is None:
                raise lacks(f"an earlier version of {change.path}")
            for document in encrypted_documents(content, change.path):
                if document.namespace and document.name:
                    found.setdefault((document.namespace, document.name), []).append(change)
        return found

    def still_at(self, had: Had) -> str | None:
        """Return the branch or tag beside the history that still has a file of *had*, None if none has one.

        In the history itself the commit decides, whatever other branches have.
        """
        if not had.is_beside:
            return None
        listed = self._git.ask(
            "for-each-ref", "--format=%(refname)", f"--no-merged={self._revision}"
        )
        for name in os.fsdecode(listed).splitlines():
            if any(self._git.blob_at(name, path) for path in had.paths):
                return name
        return None

    def unseen(self) -> str:
        """Return what was not looked at, because this clone does not have it."""
        # Git ends with a status of its own where there is none.
        listed = self._repository.git("config", "--get-regexp", r"^remote\..*\.fetch$").stdout
        specs: dict[str, list[str]] = {}
        for line in os.fsdecode(listed).splitlines():
            key, _, spec = line.partition(" ")
            specs.setdefault(key.removeprefix("remote.").removesuffix(".fetch"), []).append(spec)
        few = [remote for remote, given in specs.items() if not any(map(_takes_all, given))]
        commands = "".join(
            f"; this clone has some branches of {remote} only: git remote set-branches {shlex.quote(remote)} '*' && "
            f"git fetch {shlex.quote(remote)}"
            for remote in few
        )
        return (
            f"what was only in a branch that this clone does not have was not looked at{commands}"
        )


def _takes_all(spec: str) -> bool:
    return spec.removeprefix("+").partition(":")[0] in ("refs/heads/*", "refs/*")
