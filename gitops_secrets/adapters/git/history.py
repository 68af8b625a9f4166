"""The walk through history in batches of commits, oldest first: what each commit changed.

Newest first, git unpacks trees with half the work; a reader wants the commit that brought a content
in. So each batch is walked from its newest commit, by a git of its own, while the one before is read.
"""

from __future__ import annotations

import os
import re
from functools import cache
from itertools import groupby
from tempfile import TemporaryFile
from typing import NamedTuple

from gitops_secrets.adapters.git.commits import OF_COMMITS
from gitops_secrets.adapters.git.rawdiff import parse_commits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from gitops_secrets.adapters.git.objects import Git
    from gitops_secrets.adapters.git.rawdiff import Change

_FILES = ("10", "12")
"""How the mode of a file and of a link begins; a submodule's content is no content of this repository."""
_BATCH = 4000
"""How many commits one git walks: with fewer, its start and the trees that it unpacks anew count."""


class Batch(NamedTuple):
    """What some commits in a row changed, as git says it."""

    commits: int
    raw: str
    width: int
    """How many digits an id has."""

    def contents(self) -> list[str]:
        """Return the ids of the contents that came in; some twice.

        A path may look like a change: it costs a look for nothing.
        """
        found: list[str] = _content(self.width).findall(self.raw)
        if "::" in self.raw:
            merged = _merged(self.width).findall(self.raw)
            found += (ids.split()[-1] for modes, ids in merged if modes.split()[-1][:2] in _FILES)
        return found

    def changes(self, clean: Container[str]) -> list[Change]:
        """Return the changes, oldest commit first, less those of which each content is *clean*.

        Of a merge only what differs from all of its parents: the rest came in with them.
        """
        found = parse_commits(self.raw.split("\0"), clean)
        commits = [list(group) for _, group in groupby(found, key=lambda c: c.commit)]
        return [change for commit in reversed(commits) for change in commit]


@cache
def _content(width: int) -> re.Pattern[str]:
    """Return what finds a change of one parent to a file or a link; what is not caught may be any letters, which is checked fastest."""
    return re.compile(
        rf":.{{6}} 1[02]0.{{3}} .{{{width}}} ([0-9a-f]{{{width}}}) [A-Z]\0", re.DOTALL
    )


@cache
def _merged(width: int) -> re.Pattern[str]:
    """Return what finds a change of several parents: their modes and the result's, and so the ids."""
    return re.compile(rf"::+((?:[0-7]{{6}} )+)((?:[0-9a-f]{{{width}}} )+)[A-Z]+\0")


class Walk:
    """The commits that *tips* reach and *known* do not. Git starts at once."""

    def __init__(self, git: Git, tips: Sequence[str], known: Sequence[str]) -> None:
        self._git = git
        self._list = TemporaryFile()  # noqa: SIM115 - it has no name, and goes with this object
        given = "".join([*(f"{tip}\n" for tip in tips), *(f"^{tip}\n" for tip in known)]).encode()
        wait = git.begin_into(
            self._list.fileno(), "rev-list", "--topo-order", "--stdin", stdin=given
        )
        wait()
        first = os.pread(self._list.fileno(), 128, 0)
        self._width = first.find(b"\n") + 1
        size = os.fstat(self._list.fileno()).st_size
        self.commits = size // self._width if size else 0
        self._ahead = self._begin(self.commits) if size else None

    def ids(self) -> bytes:
        """Return the ids of all the commits, a line each, newest first."""
        return os.pread(self._list.fileno(), self.commits * self._width, 0)

    def batches(self) -> Iterator[Batch]:
        """Yield every commit once, parents before their children; git is one batch ahead from the start."""
        end = self.commits
        while self._ahead is not None:
            finish = self._ahead
            end -= _BATCH
            self._ahead = self._begin(end) if end > 0 else None
            yield finish()

    def _begin(self, end: int) -> Callable[[], Batch]:
        begin = max(0, end - _BATCH)
        width = self._width
        listed = os.pread(self._list.fileno(), (end - begin) * width, begin * width)
        output = TemporaryFile()  # noqa: SIM115 - git writes while this process does something else
        wait = self._git.begin_into(output.fileno(), *OF_COMMITS, stdin=listed)

        def finish() -> Batch:
            with output:
                wait()
                output.seek(0)
                return Batch(end - begin, os.fsdecode(output.read()), width - 1)

        return finish
