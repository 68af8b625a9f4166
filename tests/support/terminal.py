"""A program on a terminal of its own, typed at as a person would."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.support.user import User


class Terminal:
    """Runs *argv* as *user* with a terminal for all three streams; leaving the context ends it."""

    def __init__(self, user: User, argv: Sequence[str | Path], **env: str) -> None:
        self._main, terminal = pty.openpty()
        self.shown = b""
        """What was shown since wait_for() found something."""
        self.transcript = b""
        """All that was shown."""
        self.run = subprocess.Popen(
            # emacs opens /dev/tty: the terminal has to be the session's own.
            ["setsid", "--ctty", *argv],
            cwd=user.repository,
            env={**user.env, "TERM": "xterm", **env},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            # A shell that runs the tests in the background has them ignore Ctrl-C; a person's does not.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        os.close(terminal)

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Read until *text* was shown since the last time; raises TimeoutError where it never is."""
        ends = time.monotonic() + seconds
        while text.encode() not in self.shown:
            if time.monotonic() > ends or not self._read(0.2):
                raise TimeoutError(f"{text!r} is not shown, but {self.shown[-2000:]!r}")
        self.shown = b""

    def settle(self, seconds: float = 0.5) -> None:
        """Read until nothing more comes for a while."""
        while self._read(seconds):
            if not select.select([self._main], [], [], seconds)[0]:
                return

    def type(self, keys: str) -> None:
        """Type *keys*."""
        os.write(self._main, keys.encode())

    def end(self, seconds: float = 20) -> int:
        """Wait for the end, and return the status."""
        ends = time.monotonic() + seconds
        while self.run.poll() is None:
            if time.monotonic() > ends:
                raise TimeoutError(f"it does not end: {self.shown[-2000:]!r}")
            self._read(0.1)
        while self._read(0.05):
            pass
        return self.run.returncode

    def _read(self, seconds: float) -> bool:
        """Read what is there within *seconds*; False once nobody writes any more."""
        if not select.select([self._main], [], [], seconds)[0]:
            return self.run.poll() is None
        with contextlib.suppress(OSError):
            part = os.read(self._main, 65536)
            self.shown += part
            self.transcript += part
            return bool(part)
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.run.pid, 9)
        self.run.wait()
        os.close(self._main)
