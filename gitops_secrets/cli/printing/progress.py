"""What a command is doing, on a terminal, once it takes longer than a second."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from gitops_secrets.adapters.running.terminal import is_terminal
from gitops_secrets.report.words import plain

_PATIENCE = 1.0
"""Seconds after which a step is shown."""
_WIDTH = 80
"""Of a terminal that does not tell."""


class _Line:
    """The last line of the terminal, with the step that is under way.

    It is written once and not redrawn: a program that the step starts may ask something there. A timer
    of the main thread writes it, because a signal that ends the run must find no other thread.
    """

    def __init__(self) -> None:
        self._words = ""
        self._shown = False

    def step(self, words: str) -> None:
        """Show *words* unless another step comes first, or the end."""
        self.clear()
        self._words = words
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE)

    def clear(self) -> None:
        """Erase the line, and show nothing until the next step."""
        self._words = ""
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self._shown:
            self._shown = False
            self._write("\r\x1b[K")

    def show(self, *_: object) -> None:
        """Write the step of which it is time."""
        if self._words:
            self._shown = True
            self._write(f"gitops-secrets: {plain(self._words)} ... ")

    @staticmethod
    def _write(text: str) -> None:
        # Not by sys.stderr: the timer may end while that is being written to. And what goes wrong here,
        # if the terminal has gone for example, must not become an error of whatever is under way.
        with suppress(OSError):
            terminal = sys.stderr.fileno()
            width = os.get_terminal_size(terminal).columns or _WIDTH
            os.write(terminal, text[: width - 1].encode())


_line = _Line()


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Yield what is told each step of a command; it prints nothing unless standard error is a terminal."""
    if not is_terminal(sys.stderr):
        yield lambda _: None
        return
    signal.signal(signal.SIGALRM, _line.show)
    try:
        yield _line.step
    finally:
        clear()


def clear() -> None:
    """Make room on the terminal for something else: a message, or a question."""
    _line.clear()
