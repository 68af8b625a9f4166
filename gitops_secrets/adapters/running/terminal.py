"""Whether a stream is a terminal that a person looks at."""

from __future__ import annotations

import os
from typing import TextIO


def is_terminal(stream: TextIO) -> bool:
    """Return whether *stream* is a terminal that can erase a line, and no log of a CI."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("CI")


def has_colour(stream: TextIO) -> bool:
    """Return whether colours may go to *stream*: see no-color.org."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")
