"""What runs beside a test, from the start of ``with`` to its end: threads, servers, and whatever ends with them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from socketserver import BaseServer
from typing import Self


class Context:
    """What ``with`` opens: ``_open`` starts it, and puts on the stack what ends it, which is called from the last to the first.

    If ``_open`` fails, what it started is ended too.
    """

    def _open(self, stack: ExitStack) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._open(stack)
            self._ends = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()


@contextmanager
def in_thread(run: Callable[[], object], end: Callable[[], object]) -> Iterator[None]:
    """Run *run* in a thread of its own until the end of ``with``, where *end* has it return."""
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end()
        thread.join()


@contextmanager
def serving(server: BaseServer, seconds: float = 0.5) -> Iterator[None]:
    """Have *server* serve until the end of ``with``, which it notices within *seconds*."""
    with server, in_thread(lambda: server.serve_forever(seconds), server.shutdown):
        yield
