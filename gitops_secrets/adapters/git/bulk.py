"""Many contents from one git that stays: it unpacks the next ones while the last are looked at.

A git for each part of a history would find its packs and unpack the same bases anew, a fifth of what
reading takes; and one that waits for its reader, or its reader for it, is woken for every content.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from itertools import islice

from gitops_secrets.adapters.git.objects import Git, read_contents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ARGUMENTS = ("cat-file", "--batch")
_ROOM = 1 << 20
"""How many bytes git may print ahead: what a system lets a pipe hold for anybody."""
_LEAST = 4096
"""What a pipe holds at least, wherever more cannot be asked for."""


class Contents:
    """A git that reads contents until this is closed, or the process that has it ends."""

    def __init__(self, git: Git) -> None:
        self.git = git
        read, self._ask = os.pipe()
        self._process, self._output = git.start(_ARGUMENTS, read)
        _room(self._output.fileno(), _ROOM)
        # Two questions may wait in the pipe while git waits until what it printed is read.
        self._bytes = _room(self._ask) // 3

    def read(self, ids: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yield what ``Git.contents`` would; to be read to its end."""
        parts = self._parts(ids)
        try:
            asked = next(parts, None)
            while asked is not None:
                ahead = next(parts, None)
                yield from read_contents(self._output, asked)
                asked = ahead
        except (EOFError, BrokenPipeError):
            self._hang_up()
            self.git.fail(self._process, _ARGUMENTS)

    def close(self) -> None:
        """End git."""
        self._hang_up()
        with suppress(ChildProcessError):
            os.waitpid(self._process, 0)

    def _hang_up(self) -> None:
        """Have git end, whatever it waits for."""
        if not self._output.closed:
            os.close(self._ask)
            self._output.close()

    def _parts(self, ids: Sequence[str]) -> Iterator[list[str]]:
        """Ask for some of *ids* and yield them, until git was asked for all."""
        rest = iter(ids)
        most = max(1, self._bytes // (len(ids[0]) + 1)) if ids else 0
        while part := list(islice(rest, most)):
            os.write(self._ask, "".join(f"{name}\n" for name in part).encode())
            yield part


def _room(pipe: int, wanted: int = 0) -> int:
    """Return how many bytes *pipe* holds, after asking that it be *wanted*."""
    if not hasattr(fcntl, "F_SETPIPE_SZ"):
        return _LEAST
    if wanted:
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, wanted)
    return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
