"""A repository's files with the edits of a plan laid over them, none of them written yet."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from posixpath import join, normpath
from typing import TypeVar

from gitops_secrets.core.repository.filechange import Change

Found = TypeVar("Found")


class Overlay:
    """Files by their path from the top. *read* gives a file's bytes, None if there is none.

    *origin* holds the same files and more: what it has derived from one is not derived again.
    """

    def __init__(
        self,
        files: Sequence[str],
        read: Callable[[str], bytes | None],
        origin: Overlay | None = None,
    ) -> None:
        self._origin = origin
        self._derived: dict[str, dict[object, object]] = {}
        self._files = files
        self._read = read
        self._original: dict[str, bytes | None] = {}
        self._edited: dict[str, bytes] = {}
        self._sorted: list[str] | None = None
        self._remembered: dict[object, object] = {}

    def read(self, path: str) -> bytes | None:
        """Return what *path* will hold, None if it will not be there."""
        if path in self._edited:
            return self._edited[path]
        if path not in self._original:
            self._original[path] = self._read(path)
        return self._original[path]

    def write(self, path: str, content: bytes) -> None:
        """Plan *content* for *path*."""
        self.read(path)
        self._edited[path] = content
        self._sorted = None
        self._remembered.clear()
        self._derived.pop(path, None)

    def derive(self, path: str, compute: Callable[[bytes, str], Found]) -> Found:
        """Return what *compute* makes of the content of *path* and its name, once for each content."""
        if self._origin is not None:
            return self._origin.derive(path, compute)
        known = self._derived.setdefault(path, {})
        if compute not in known:
            known[compute] = compute(self.read(path) or b"", path)
        return known[compute]  # type: ignore[return-value]

    def remember(self, compute: Callable[[Overlay], Found]) -> Found:
        """Return what *compute* finds in these files, computed once until one of them is planned anew."""
        if compute not in self._remembered:
            self._remembered[compute] = compute(self)
        return self._remembered[compute]  # type: ignore[return-value]

    def files(self) -> list[str]:
        """Return every file's path, the planned ones included."""
        return list(self._all())

    def below(self, folder: str) -> list[str]:
        """Return the paths of the files below *folder*, "." for all."""
        found = self._all()
        if folder == ".":
            return list(found)
        return found[bisect_left(found, f"{folder}/") : bisect_left(found, f"{folder}0")]

    def beside(self, path: str) -> list[str]:
        """Return the paths of the files in the folder of *path*, itself among them, without those below."""
        folder = path.rpartition("/")[0]
        start = len(folder) + 1 if folder else 0
        return [found for found in self.below(folder or ".") if "/" not in found[start:]]

    def named_in(self, folder: str) -> Callable[[str], bytes]:
        """Return what reads a file by the name that one in *folder* gives it; nothing if it is not there."""
        return lambda name: self.read(normpath(join(folder, name))) or b""

    def _all(self) -> list[str]:
        if self._sorted is None:
            self._sorted = sorted({*self._files, *self._edited})
        return self._sorted

    def edited(self) -> list[str]:
        """Return every path that was planned, those that come out as they were among them."""
        return sorted(self._edited)

    def changes(self) -> tuple[Change, ...]:
        """Return what differs from the repository, in the order of the paths."""
        return tuple(
            Change(path, self._original[path], content)
            for path, content in sorted(self._edited.items())
            if self._original[path] != content
        )
