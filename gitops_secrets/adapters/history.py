"""The walk through history: what each commit changed, from git's newest to oldest and back again.

Newest first, git unpacks trees with half the work; a reader wants the commit that brought a content
in. So what git says lies in a file without a name until its end is known, and is read backwards.
"""

from __future__ import annotations

import re
from itertools import groupby
from tempfile import TemporaryFile

from gitops_secrets.adapters.rawdiff import parse_stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from gitops_secrets.adapters.objects import Git
    from gitops_secrets.adapters.rawdiff import Change

_CHUNK = 1 << 17
_CONTENT = re.compile(rb":[0-7]{6} 1[02]0[0-7]{3} [0-9a-f]{40,64} ([0-9a-f]{40,64}) [A-Z]\0")
"""A change of one parent to a file or a link. A path may look like one: it costs a look for nothing."""


class History:
    """The changes of the commits that *revisions* name, in rev-list's own terms."""

    def __init__(self, git: Git, *revisions: str) -> None:
        self._git = git
        self._revisions = revisions
        self._spool = TemporaryFile()  # noqa: SIM115 - it is closed once it was read

    def contents(self) -> Iterator[list[str]]:
        """Walk, and yield ids of contents while Git comes to them; some twice, and those of merges not."""
        output, finish = self._git.walk(*self._revisions)
        rest = b""
        with output:
            while chunk := output.read(_CHUNK):
                self._spool.write(chunk)
                rest += chunk
                whole = rest.rfind(b"\0") + 1
                yield [found.decode() for found in _CONTENT.findall(rest, 0, whole)]
                rest = rest[whole:]
        finish()

    def changes(self, clean: Container[str]) -> list[Change]:
        """Return the changes, oldest commit first, less those of which each content is *clean*.

        Of a long history few are worth a look, and no more are held in memory. Of a merge only what
        differs from all of its parents: the rest came in with them.
        """
        self._spool.seek(0)
        with self._spool as spool:
            found = parse_stream(spool, clean)
            commits = [list(group) for _, group in groupby(found, key=lambda c: c.commit)]
        return [change for commit in reversed(commits) for change in commit]
