"""Who sees a secret while a command runs: every process's command line and environment, from /proc."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from tests.support.contexts import Context, in_thread
from tests.support.spellings import Needles

_PAUSE = 0.0003
_EVERYBODY = 0.03
"""Seconds between two looks at all processes of the machine: one that lost its parent is there only."""


class Sampler(Context):
    """Looks at processes while its context is open; ``seen`` says where *secret* was found.

    The processes below this one are looked at every fraction of a millisecond, all others now and
    then. Of a command that this process itself started, the variables named *own* are not counted,
    nor with *own_arguments* its command line: the user put it there.
    """

    def __init__(
        self, secret: Needles, own: tuple[str, ...], *, own_arguments: bool = False
    ) -> None:
        self._secret = secret
        self._own = tuple(f"{name}=".encode() for name in own)
        self._own_arguments = own_arguments
        self._done = threading.Event()
        self._commands: set[bytes] = set()
        """The command lines of what this process itself started."""
        self.seen: set[str] = set()
        self.programs: set[str] = set()
        """The name of every program below the command that was looked at."""
        self.samples = 0

    def _open(self, stack: ExitStack) -> None:
        stack.enter_context(in_thread(self._sample, self._done.set))

    def _sample(self) -> None:
        me = str(os.getpid())
        everybody = 0.0
        while not self._done.is_set():
            self.samples += 1
            for process, parent, depth in _descendants(me):
                self._look(process, parent, depth)
            if time.monotonic() >= everybody:
                for process in filter(str.isdigit, os.listdir("/proc")):
                    if process != me:
                        parent = _parent(process)
                        self._look(process, parent, 1 if parent == me else 0)
                everybody = time.monotonic() + _EVERYBODY
            time.sleep(_PAUSE)

    def _look(self, process: str, parent: str, depth: int) -> None:
        """Look at *process*, *depth* below this one, 0 where that is not known."""
        before = _read(process, "cmdline")
        environ = _read(process, "environ")
        # What still bears its parent's command line has not become a program of its own, and shows its
        # parent's memory; so may what became one between two looks, and that is looked at again soon.
        cmdline = _read(process, "cmdline")
        if not cmdline or cmdline != before or cmdline == _read(parent, "cmdline"):
            return
        program = os.path.basename(cmdline.split(b"\0", 1)[0].decode(errors="replace"))
        is_top = depth == 1
        if is_top:
            self._commands.add(cmdline)
        elif cmdline in self._commands:
            # The same, of one whose parent has ended in between.
            return
        if depth > 1:
            self.programs.add(program)
        entries = environ.split(b"\0")
        if is_top:
            entries = [entry for entry in entries if not entry.startswith(self._own)]
        if self._secret.are_in(b"\0".join(entries)):
            self.seen.add(f"the environment of {program}")
        if not (is_top and self._own_arguments) and self._secret.are_in(cmdline):
            self.seen.add(f"the command line of {program}")


def _descendants(root: str, depth: int = 1) -> Iterator[tuple[str, str, int]]:
    try:
        tasks = os.listdir(f"/proc/{root}/task")
    except OSError:
        return
    for task in tasks:
        for child in _read(root, f"task/{task}/children").decode().split():
            yield child, root, depth
            yield from _descendants(child, depth + 1)


def _parent(process: str) -> str:
    fields = _read(process, "stat").rpartition(b")")[2].split()
    return fields[1].decode() if len(fields) > 1 else ""


def _read(process: str, name: str) -> bytes:
    try:
        with open(f"/proc/{process}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""


def wait_until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until *true* says so. Raises AssertionError after *seconds*."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)
