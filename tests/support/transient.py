"""Files that a run makes and removes again: kept by a hard link until somebody has read them."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.support.contexts import Context, in_thread

_CREATE, _MOVED_TO, _IS_FOLDER = 0x100, 0x80, 0x40000000
_EVENT = struct.Struct("iIII")


class KeptFiles(Context):
    """While its context is open, links every file that appears below *folders* into *keep*.

    The kernel tells of each new file (inotify), and the link outlives its removal, with whatever is
    written to it. *keep* is on the same file system and outside of *folders*.
    """

    def __init__(self, folders: Sequence[Path], keep: Path) -> None:
        self._keep = keep
        keep.mkdir(parents=True, exist_ok=True)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        assert self._inotify >= 0, os.strerror(ctypes.get_errno())
        self._watched: dict[int, str] = {}
        self._names: list[str] = []
        self._ended, self._end = os.pipe()
        for folder in folders:
            for path, _, _ in os.walk(folder):
                self._watch(path)

    def _open(self, stack: ExitStack) -> None:
        for descriptor in (self._inotify, self._ended, self._end):
            stack.callback(os.close, descriptor)
        stack.enter_context(in_thread(self._follow, lambda: os.write(self._end, b".")))

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Yield where each file was made and what it holds by now, its name's bytes among it."""
        for number, name in enumerate(self._names):
            kept = self._keep / str(number)
            content = kept.read_bytes() if kept.is_file() else b""
            yield name, os.fsencode(name) + b"\0" + content

    def _watch(self, folder: str) -> None:
        number = self._libc.inotify_add_watch(
            self._inotify, os.fsencode(folder), ctypes.c_uint32(_CREATE | _MOVED_TO)
        )
        if number >= 0:
            self._watched[number] = folder

    def _follow(self) -> None:
        while True:
            ready, _, _ = select.select([self._inotify, self._ended], [], [])
            if self._inotify in ready:
                self._take(os.read(self._inotify, 65536))
            elif self._ended in ready:
                return

    def _take(self, events: bytes) -> None:
        at = 0
        while at < len(events):
            number, mask, _, length = _EVENT.unpack_from(events, at)
            name = events[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0")
            at += _EVENT.size + length
            path = os.path.join(self._watched[number], os.fsdecode(name))
            if mask & _IS_FOLDER:
                self._enter(path)
            else:
                self._link(path)

    def _enter(self, folder: str) -> None:
        self._watch(folder)
        # What was made in it before it was watched.
        for path, _, files in os.walk(folder):
            if path != folder:
                self._watch(path)
            for file in files:
                self._link(os.path.join(path, file))

    def _link(self, path: str) -> None:
        try:
            os.link(path, self._keep / str(len(self._names)), follow_symlinks=False)
        except OSError:
            return
        self._names.append(path)
