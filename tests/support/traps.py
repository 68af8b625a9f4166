"""Traps for what must not happen: programs that leave a mark when they are run, and a port that counts."""

from __future__ import annotations

import shlex
import socket
from contextlib import ExitStack
from pathlib import Path

from tests.support.contexts import Context, in_thread


class Traps(Context):
    """A folder of marked programs and a listener on loopback; ``sprung`` says what was run or contacted."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "trap-programs"
        self.programs.mkdir(parents=True)
        self._marks = folder / "trap-marks"
        self._socket = socket.create_server(("127.0.0.1", 0))

    @property
    def port(self) -> int:
        """The port that counts connections."""
        port: int = self._socket.getsockname()[1]
        return port

    def program(self, name: str) -> Path:
        """Make a program of that name that leaves a mark and fails, and return its path."""
        path = self.programs / name
        mark = shlex.quote(f"ran {name}")
        path.write_text(f"#!/bin/sh\necho {mark} >> {shlex.quote(str(self._marks))}\nexit 1\n")
        path.chmod(0o755)
        return path

    def sprung(self) -> list[str]:
        """Return what was run or contacted, each once."""
        return sorted(set(self._marks.read_text().splitlines())) if self._marks.exists() else []

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._marks.open("a") as marks:
                marks.write("contacted the port\n")
            connection.close()

    def _open(self, stack: ExitStack) -> None:
        stack.enter_context(in_thread(self._listen, self._close))

    def _close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
