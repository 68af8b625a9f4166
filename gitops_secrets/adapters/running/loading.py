"""What is raised only when no module is being loaded.

An exception that a signal raises within Python's own import, or within the start of a module that is not
written in Python, is printed as a traceback, or is lost.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

_LOADERS = frozenset({"<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>"})


def loader_of(frame: FrameType | None) -> FrameType | None:
    """Return the frame that began the import which *frame* is a part of; None if it is a part of none."""
    found = None
    while frame is not None:
        if frame.f_code.co_filename in _LOADERS:
            found = frame.f_back
        frame = frame.f_back
    return found


def raise_in(frame: FrameType, make: Callable[[], BaseException]) -> None:
    """Raise what *make* returns in *frame* as soon as that goes on, which then has returned from the import or failed in it."""

    def go_on(*_: object) -> Any:
        sys.settrace(None)
        frame.f_trace = None
        raise make()

    # A frame is traced as long as its thread is; that nothing else of the thread is, keeps it quick.
    frame.f_trace = go_on
    sys.settrace(lambda *_: None)
