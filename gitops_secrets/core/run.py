"""What belongs to one run of a command: a process that serves several repositories has one for each."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    Made = TypeVar("Made")
    Given = TypeVar("Given")


class Run:
    """One run of a command. It is neither shown nor serialised: it holds secrets."""

    __slots__ = ("_made", "is_silent", "secrets", "trace", "withheld")

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        """What nothing that is printed may repeat."""
        self.withheld: dict[str, str] = {}
        """The variables that hold a secret, which have left the environment."""
        self.trace: Callable[[str], None] | None = None
        """Told each command line that is started; none holds a secret."""
        self.is_silent = False
        """Whether the result is not printed."""
        self._made: dict[Callable[[], object], object] = {}

    def __repr__(self) -> str:
        return "Run(...)"

    def once(self, make: Callable[[], Made]) -> Made:
        """Return what *make*, a function of a module, returned at its first call in this run."""
        if make not in self._made:
            self._made[make] = make()
        made: Made = self._made[make]  # type: ignore[assignment]
        return made


_run: ContextVar[Run] = ContextVar("run")
_OF_PROCESS = Run()


def this_run() -> Run:
    """Return the run that is under way here; that of the process where none was begun."""
    return _run.get(_OF_PROCESS)


@contextmanager
def begun(run: Run) -> Iterator[Run]:
    """Have *run* be the one that is under way, in this thread, until the context ends."""
    token = _run.set(run)
    try:
        yield run
    finally:
        _run.reset(token)


def carried(work: Callable[[Given], Made]) -> Callable[[Given], Made]:
    """Return *work* for other threads, which know nothing of the run that is under way here."""
    run = this_run()

    def do(given: Given) -> Made:
        with begun(run):
            return work(given)

    return do
