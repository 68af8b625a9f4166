"""Whether letters and digits stand together as in random text, or as in names."""

from __future__ import annotations

import re

_MADE_OF_WORDS = re.compile(r"(?:[A-Z]?[a-z]{2,}|[A-Z]+|v?[0-9]+)+")


def has_each_class(run: str) -> bool:
    """Return whether *run* has capitals, small letters and digits."""
    return any(map(str.isupper, run)) and any(map(str.islower, run)) and any(map(str.isdigit, run))


def is_made_of_words(run: str) -> bool:
    """Return whether *run* is words and numbers written together."""
    return _MADE_OF_WORDS.fullmatch(run) is not None
