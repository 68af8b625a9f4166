"""Programs that run beside a test and end with it."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class E2EError(Exception):
    """A part of the test cluster did not do what was asked of it."""


_given: set[int] = set()


def free_port() -> int:
    """A loopback port that nobody listens on, and that is given to nobody else meanwhile.

    It is below those that the kernel gives to connections, and no two calls return the same.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(10_000, first)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def wait_for(
    predicate: Callable[[], T | None], what: str, timeout: float, show: Callable[[], str] = str
) -> T:
    """Call *predicate* until it returns something true, and return that.

    Raises E2EError after *timeout* seconds: *what* was waited for, then the text that *show* gives.
    """
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise E2EError(f"waited {timeout:.0f} s for {what}\n{show()}".rstrip())
        time.sleep(0.1)
    return value


class Process:
    """A program that runs until stop(), or until this process ends, however it ends.

    Start it from the main thread: the kernel ends it when the thread that started it ends.
    """

    def __init__(self, argv: Sequence[str | Path], log: Path, environ: Mapping[str, str]) -> None:
        """Start *argv* with PATH and *environ* as all of its environment, both outputs to *log*."""
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise E2EError("setpriv is not on PATH: install util-linux 2.33 or newer")
        self.name = Path(argv[0]).name
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [setpriv, "--pdeathsig", "KILL", "--", *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], **environ},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    @property
    def exit_status(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._popen.poll()

    def check(self) -> None:
        """Raise E2EError, with the end of its log, when it has ended."""
        if not self.running:
            raise E2EError(f"{self.name} ended with {self.exit_status}\n{self.tail()}")

    def tail(self, lines: int = 40) -> str:
        """The end of its log under a heading."""
        text = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join([f"--- the end of {self.log}", *text])

    def stop(self, *, gently: bool = True) -> None:
        """End it and wait until it has ended; without *gently* it gets no chance to tidy up."""
        if gently:
            self._popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(10)
        self._popen.kill()
        self._popen.wait()


@contextlib.contextmanager
def stopping(process: Process, *, gently: bool = True) -> Iterator[Process]:
    """Give *process* and stop it at the end."""
    try:
        yield process
    finally:
        process.stop(gently=gently)
