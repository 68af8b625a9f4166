"""The signals that end a run, and what is printed then.

A run may end between any two of Python's instructions, but for the short time in which it writes. There a
signal is noted and passed on to the programs that are under way, and the run ends between two steps, when
it is known what became of the repository.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from gitops_secrets.adapters.running.loading import loader_of, raise_in

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_UNCHANGED = "nothing was changed"
_came: list[Interrupted] = []
_waiting: list[Interrupted] = []
"""The one that is raised as soon as a module is loaded."""


class Interrupted(KeyboardInterrupt):
    """A signal ended the run. *words* are true of what it was about."""

    def __init__(self, number: int, words: str = _UNCHANGED) -> None:
        super().__init__(number)
        self.number = number
        self.words = words
        _came.append(self)

    @property
    def exit_code(self) -> int:
        """The exit status by which a shell knows the signal: 130 for Ctrl-C."""
        return 128 + self.number


class Held:
    """The signals that came while they were held back."""

    def __init__(self) -> None:
        self.number = 0
        """The first one, 0 as long as there was none."""
        self.words = _UNCHANGED
        """What is true from now on, for a signal that comes later than this writing."""

    def note_waiting(self) -> None:
        """Note a signal that waits to be let through: a program may have ended of it before we were told."""
        waiting = signal.sigpending()
        self.number = self.number or next((n for n in ENDING if n in waiting), 0)

    def check(self) -> None:
        """Raise Interrupted if a signal came."""
        if self.number:
            raise Interrupted(self.number, self.words)


def end_on_signals(words: str = _UNCHANGED) -> None:
    """Have each signal that ends a run raise Interrupted with *words*. Ignored ones stay ignored, as under nohup.

    One that comes while a module is loaded does so when that is over. A second one does not wait for it.
    """

    def end(number: int, frame: FrameType | None) -> None:
        importing = loader_of(frame)
        if importing is None:
            raise Interrupted(number, words)
        if _waiting:
            os.write(2, f"\ngitops-secrets: error: interrupted; {words}\n".encode())
            os._exit(128 + number)
        _waiting.append(Interrupted(number, words))
        raise_in(importing, _waiting.pop)

    _handle(end)


def interrupted() -> Interrupted | None:
    """Return the last one raised, None if there was none: a library may raise something else in its place."""
    return _came[-1] if _came else None


@contextmanager
def held_back(pass_on: Callable[[int], None]) -> Iterator[Held]:
    """Note the signals that come meanwhile. *pass_on* is told each, for the programs that are under way.

    Afterwards a signal raises Interrupted again, with the words that were left in what is yielded.
    """
    held = Held()

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        held.number = held.number or number
        pass_on(number)

    _handle(note)
    try:
        yield held
    finally:
        end_on_signals(held.words)


@contextmanager
def unheard() -> Iterator[None]:
    """Let no signal through, to the programs that are started meanwhile either."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _handle(handler: Callable[[int, FrameType | None], object]) -> None:
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
