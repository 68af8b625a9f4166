"""Commits and annotated tags as Git keeps them: with every header, whatever encoding they claim."""

from __future__ import annotations

import os
from typing import NamedTuple

from gitops_secrets.adapters.git.objects import LARGEST, open_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitops_secrets.adapters.git.objects import Git

_ARGUMENTS = ("cat-file", "--batch", "--buffer")
_PART = 1 << 20


class Object(NamedTuple):
    """One object of Git. *content* is None if it is missing or larger than LARGEST."""

    id: str
    kind: str
    content: bytes | None

    def target(self) -> str:
        """Return the object that a tag names, as its first header says; empty for anything but a tag."""
        if self.kind != "tag" or not self.content:
            return ""
        return self.content.partition(b"\n")[0].removeprefix(b"object ").decode("ascii", "replace")


def read_objects(git: Git, listed: bytes) -> Iterator[Object]:
    """Yield the objects whose ids are the lines of *listed*."""
    if listed:
        yield from _read(git, open_input(listed))


def read_commits(git: Git, ids: Sequence[str], *terms: str) -> Iterator[Object]:
    """Yield the commits that *ids* reach, less what *terms* of rev-list exclude."""
    walk = ("rev-list", "--stdin", *terms)
    given = "".join(f"{name}\n" for name in ids).encode()
    commits, listed = git.start(walk, open_input(given))
    with listed:
        yield from _read(git, os.dup(listed.fileno()))
    git.wait(commits, walk, given)


def _read(git: Git, source: int) -> Iterator[Object]:
    process, output = git.start(_ARGUMENTS, source)
    with output:
        while header := output.readline().decode("ascii", "replace").split():
            if len(header) != 3 or not header[2].isdigit():
                yield Object(header[0], "", None)
                continue
            name, kind, size = header[0], header[1], int(header[2])
            if kind in ("commit", "tag") and size <= LARGEST:
                yield Object(name, kind, output.read(size))
            else:
                left = size
                while left > 0 and (part := output.read(min(left, _PART))):
                    left -= len(part)
                yield Object(name, kind, None)
            output.read(1)
    git.wait(process, _ARGUMENTS, b"")
