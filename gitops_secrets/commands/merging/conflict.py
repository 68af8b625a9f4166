"""A merge conflict in an encrypted file: which three versions are in it."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import Repository, literal
from gitops_secrets.commands.merging.merge import Versions, is_encrypted
from gitops_secrets.commands.merging.refusing import refused
from gitops_secrets.commands.secrets.file import SecretFile
from gitops_secrets.core.sops.merging.markers import split_markers
from gitops_secrets.core.sops.merging.values import Side
from gitops_secrets.errors import GitOpsSecretsError


class Conflict(NamedTuple):
    """What is in conflict."""

    versions: Versions
    ids: tuple[str, ...]
    """By what Git knows it: the contents of its stages, or the commits that were merged; empty if only the markers tell."""
    in_index: bool
    """Whether Git has it as unmerged."""
    knows_ours: bool
    """Whether our version is that of HEAD. Markers, and who committed a merge, may call any branch ours."""


def find_conflict(file: SecretFile) -> Conflict:
    """Return the conflict in *file*: as the index has it, else as the markers of a merge in the file tell.

    A merge that is under way or committed gives its two sides and their base; the markers alone give two
    sides. Raises GitOpsSecretsError if there is no conflict, or nothing that can be merged by value.
    """
    found = _in_index(file) or _with_markers(file)
    if not any(
        is_encrypted(side, file.path) for side in (found.versions.ours, found.versions.theirs)
    ):
        raise refused(file.path, "neither version of it is an encrypted file")
    return found


def _in_index(file: SecretFile) -> Conflict | None:
    listed = file.repository.ask("ls-files", "--unmerged", "-z", "--", literal(file.path))
    stages = {}
    for entry in listed.decode("utf-8", "surrogateescape").split("\0"):
        if entry:
            _, blob, number = entry.partition("\t")[0].split(" ")
            stages[number] = blob
    if not stages:
        return None
    if not {"2", "3"} <= stages.keys():
        side = Side.OURS if "2" in stages else Side.THEIRS
        name = shlex.quote(literal(file.path))
        raise GitOpsSecretsError(
            f"{file.path}: one side removed it, and only {side} has it",
            f"git add -- {name}",
            f"git rm -- {name}",
        )
    contents = file.repository.blobs(list(dict.fromkeys(stages.values())))
    base, ours, theirs = (contents.get(stages.get(number, ""), b"") for number in "123")
    ids = tuple(stages[number] for number in sorted(stages))
    is_ours = not file.repository.is_rebasing()
    return Conflict(Versions(base, ours, theirs), ids, in_index=True, knows_ours=is_ours)


def _with_markers(file: SecretFile) -> Conflict:
    sides = split_markers(file.tree.read(file.path) or b"")
    if sides is None:
        raise GitOpsSecretsError(f"{file.path} has no conflict", "git status")
    return _merged(file) or Conflict(Versions(*sides), (), in_index=False, knows_ours=False)


def _merged(file: SecretFile) -> Conflict | None:
    """Return the conflict of the merge that left the markers; None if it was not a merge that did."""
    repository, path = file.repository, file.path
    merging = repository.commit("MERGE_HEAD")
    parents = [repository.commit("HEAD"), merging] if merging else _last_parents(repository, path)
    if len(parents) != 2:
        return None
    done = repository.git("merge-base", *parents)
    base = done.stdout.decode().strip()
    contents = [
        repository.contents(commit, [path])[1][path] if commit else None
        for commit in (base, *parents)
    ]
    was, ours, theirs = contents
    if not ours or not theirs or split_markers(ours) or split_markers(theirs):
        return None
    return Conflict(
        Versions(was or b"", ours, theirs), tuple(parents), in_index=False, knows_ours=bool(merging)
    )


def _last_parents(repository: Repository, path: str) -> list[str]:
    """Return the parents of the last commit that changed *path*."""
    last = repository.git("rev-list", "--max-count=1", "HEAD", "--", literal(path))
    commit = last.stdout.decode().strip()
    return repository.parents(commit) if commit else []
