"""Comments as the text that they take out of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LINE = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>#+|//+)(?P<text>.*)$")
_TRAILING = re.compile(r"[ \t](?P<mark>#|//)[ \t]*(?P<text>.{12,})$")


def blocks(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (line, column, text) of each run of comment lines, and of each comment behind a value.

    The marks are taken away and the columns of the rest kept, so that a commented document is a
    document again. Lines and columns count from 0.
    """
    run: list[str] = []
    begin = 0
    for number, line in enumerate(text.split("\n")):
        match = _LINE.match(line) if "#" in line or "//" in line else None
        if match:
            if not run:
                begin = number
            run.append(match["text"].rstrip("\r"))
            continue
        if run:
            yield begin, 0, _dedent(run)
            run = []
        trailing = _TRAILING.search(line) if "#" in line or "//" in line else None
        if trailing:
            yield number, trailing.start("text"), trailing["text"]
    if run:
        yield begin, 0, _dedent(run)


def _dedent(lines: list[str]) -> str:
    filled = [line for line in lines if line.strip()]
    margin = min((len(line) - len(line.lstrip(" ")) for line in filled), default=0)
    return "\n".join(line[margin:] for line in lines)
