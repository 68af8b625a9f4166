"""The commands that README.md and the pages of docs/ show, in the order of each page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from operator import methodcaller
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
_COMMENT = re.compile(r" {2,}# .*$")
_IN_CI = re.compile(r"^\s*- (?:run: )?(?P<command>(?:gitops-secrets|git|pipx) .*)$")


class Command(NamedTuple):
    """A command as a reader would type it: what goes on in a second line is in it, a comment is not."""

    page: str
    line: int
    text: str


def commands_of(page: str) -> list[Command]:
    """Return the commands of *page*: after a prompt, in a block of shell, or in the file of a CI system."""
    text = PAGES[page].read_text()
    found = []
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 2
        reader = {"console": _typed, "sh": _plain, "bash": _plain, "yaml": _in_ci}.get(
            block["kind"]
        )
        if reader is not None:
            lines = block["text"].splitlines()
            found += [Command(page, line + at, command) for at, command in reader(lines)]
    return found


def every_command() -> list[Command]:
    """Return the commands of all pages."""
    return [command for page in PAGES for command in commands_of(page)]


def _typed(lines: list[str]) -> Iterator[tuple[int, str]]:
    rest = iter(enumerate(lines))
    for at, line in rest:
        if not line.lstrip().startswith("$ "):
            continue
        command = _COMMENT.sub("", line.lstrip()[2:])
        while command.endswith(("\\", "|")):
            more = _COMMENT.sub("", next(rest)[1]).strip()
            command = " ".join((command.removesuffix("\\").rstrip(), more))
        yield at, command


def _plain(lines: list[str]) -> Iterator[tuple[int, str]]:
    yield from ((at, line.strip()) for at, line in enumerate(lines) if line.strip())


def _in_ci(lines: list[str]) -> Iterator[tuple[int, str]]:
    for at, line in enumerate(lines):
        if line.strip() == "- >-":
            deeper = f"{line.partition('-')[0]} "
            below = takewhile(methodcaller("startswith", deeper), lines[at + 1 :])
            yield at, " ".join(part.strip() for part in below)
        elif match := _IN_CI.match(line):
            yield at, match["command"]
