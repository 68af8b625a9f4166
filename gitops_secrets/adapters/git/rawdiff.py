"""Git's raw format: which paths a commit or the index changed, and from which content to which."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from typing import BinaryIO

SUBMODULE = "160000"
_LINK = f"{SUBMODULE}.."
"""Begins what stands for the content of a submodule: nothing that Git could take for a name."""
_CHUNK = 1 << 20
_CLEAN = ":"
"""Stands for the places of a change that nobody asked for."""


class Change:
    """One path that a commit or the index changed. An id is empty where there is no content.

    What a submodule brings has an id of its own sort: see ``is_link``.
    """

    __slots__ = ("commit", "new", "old", "path")

    def __init__(self, path: str, new: str, old: tuple[str, ...] = (), commit: str = "") -> None:
        self.path = path
        self.new = new
        self.old = old
        """The contents that the path had before: one, or one of each parent of a merge."""
        self.commit = commit


def parse_raw(out: bytes, commit: str = "") -> Iterator[Change]:
    """Yield the changes of Git's raw format (``-z``).

    Deleted paths are changes without a new content.
    """
    fields = iter(os.fsdecode(out).split("\0"))
    for meta in fields:
        if meta.startswith(":"):
            change = _change(meta, next(fields), commit)
            if change is not None:
                yield change


def link(commit: str) -> str:
    """Return the id that stands for the content of a submodule, of which Git has only the id of a *commit*."""
    return f"{_LINK}{commit}"


def is_link(name: str) -> bool:
    """Return whether *name* stands for a submodule's content, which this repository has not."""
    return name.startswith(_LINK)


def read_fields(output: BinaryIO) -> Iterator[str]:
    """Yield what stands between the NULs of *output*, as it comes."""
    rest = b""
    while chunk := output.read(_CHUNK):
        rest += chunk
        whole = rest.rfind(b"\0") + 1
        yield from os.fsdecode(rest[:whole]).split("\0")[:-1]
        rest = rest[whole:]


def parse_commits(fields: Iterable[str], clean: Container[str] = ()) -> Iterator[Change]:
    """Yield the changes of ``diff-tree --stdin -z``: each commit's id, then its changes.

    Less those of one parent between two contents that are *clean*.
    """
    commit = ""
    meta = ""
    for field in fields:
        if meta:
            if meta != _CLEAN:
                change = _change(meta, field, commit)
                if change is not None:
                    yield change
            meta = ""
        elif field.startswith(":"):
            _, _, old, new, _ = field.split(" ", 4)
            meta = _CLEAN if new in clean and old in clean else field
        else:
            commit = field.strip()


def _change(meta: str, path: str, commit: str) -> Change | None:
    parents = len(meta) - len(meta.lstrip(":"))
    fields = meta[parents:].split(" ")
    modes, ids = fields[: parents + 1], fields[parents + 1 : 2 * parents + 2]
    # Git prints the mode 0 for what is not there, and for what an index gives this mode: the id tells.
    *before, new = (
        "" if not name.strip("0") else link(name) if mode == SUBMODULE else name
        for mode, name in zip(modes, ids, strict=True)
    )
    old = tuple(name for name in before if name and not is_link(name))
    return Change(path, new, old, commit) if new or old else None
