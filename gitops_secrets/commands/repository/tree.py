"""The work tree as Flux would fetch it, and the upstream branch as Flux has it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from gitops_secrets.adapters.files import read_file
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.git.revision import upstream_commit
from gitops_secrets.core.flux.view import Pushed
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.errors import GitOpsSecretsError

_LINK, _SUBMODULE = "120000", "160000"


class Files(NamedTuple):
    """The files of a work tree, tracked or new."""

    paths: tuple[str, ...]
    read: Callable[[str], bytes | None]
    """Reads one of them, each time anew; gives None if it is not there."""
    links: frozenset[str]
    """The symlinks, which are not among the paths."""


def list_work_tree(repository: Repository) -> Files:
    """Return the files that are there, none of them read yet."""
    modes = {path: _mode(repository, path) for path in repository.list_files()}
    files = [path for path, mode in modes.items() if stat.S_ISREG(mode)]
    sparse = _sparse(repository, [path for path, mode in modes.items() if not mode])
    held = set(files)

    def read(path: str) -> bytes | None:
        return read_file(repository.top, path) if path in held else sparse.get(path)

    links = frozenset(path for path, mode in modes.items() if stat.S_ISLNK(mode))
    return Files((*files, *sparse), read, links)


def work_tree(repository: Repository) -> tuple[Overlay, frozenset[str]]:
    """Return the files that are there, tracked or new, and apart from them the symlinks."""
    files = list_work_tree(repository)
    return Overlay(files.paths, files.read), files.links


def _sparse(repository: Repository, absent: list[str]) -> dict[str, bytes]:
    """Return the files among *absent* that a sparse checkout leaves out: Flux has them all the same."""
    if not absent:
        return {}
    tags = repository.ask("ls-files", "-t", "-z", "--cached", "--stage")
    blobs: dict[str, str] = {}
    for entry in tags.split(b"\0"):
        about, _, name = entry.partition(b"\t")
        fields = about.decode().split(" ")
        if len(fields) == 4 and fields[0] == "S" and fields[1].startswith("100"):
            blobs[os.fsdecode(name)] = fields[2]
    wanted = {path: blobs[path] for path in absent if path in blobs}
    contents = repository.blobs(list(dict.fromkeys(wanted.values())))
    return {path: contents[blob] for path, blob in wanted.items()}


def upstream(repository: Repository, tree: Overlay) -> Pushed | None:
    """Return the tree of the upstream branch, as far as it is known here; None without one."""
    revision = upstream_commit(repository)
    if revision is None:
        return None
    listed = repository.begin("ls-tree", "-r", "-z", "--full-tree", revision)
    diff = repository.ask("diff", "--raw", "-z", "--no-renames", "--no-abbrev", revision, "--")
    changed = _changed(diff)
    files = []
    for entry in listed().split(b"\0"):
        about, _, name = entry.partition(b"\t")
        if name and about.split(b" ")[0].decode() not in (_LINK, _SUBMODULE):
            files.append(os.fsdecode(name))
    held = set(files)
    try:
        before = repository.blobs(list({blob for blob in changed.values() if blob is not None}))
    except GitOpsSecretsError:
        # A partial clone would have to fetch what Flux has: nothing is known of it then.
        return None

    def read(path: str) -> bytes | None:
        if path not in held:
            return None
        return before.get(changed[path] or "") if path in changed else tree.read(path)

    return Pushed(Overlay(files, read), frozenset(changed))


def _changed(diff: bytes) -> dict[str, str | None]:
    """Return the files that are other now, each with the blob that it was; None for what is new."""
    fields = diff.split(b"\0")
    found: dict[str, str | None] = {}
    for about, name in zip(fields[::2], fields[1::2], strict=False):
        mode, _, blob, *_ = about.decode().lstrip(":").split(" ")
        found[os.fsdecode(name)] = blob if mode.startswith("100") else None
    return found


def _mode(repository: Repository, path: str) -> int:
    try:
        return os.lstat(repository.top / path).st_mode
    except OSError:
        return 0
