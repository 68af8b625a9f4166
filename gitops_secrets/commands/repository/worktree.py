"""The work tree as Flux would fetch it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from gitops_secrets.adapters.files import read_file, read_plain
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.core.repository.overlay import Overlay

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


def listed_tree(repository: Repository) -> Overlay:
    """Return the files that Git lists, each read once it is asked for; nothing of what a symlink leads to."""
    return Overlay(repository.list_files(), lambda path: read_plain(repository.top, path))


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


def _mode(repository: Repository, path: str) -> int:
    try:
        return os.lstat(repository.top / path).st_mode
    except OSError:
        return 0
