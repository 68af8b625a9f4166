"""The documents of large files in which nothing was found: versions of a bundle share most of their documents."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitops_secrets.core.guard.look.inspection import Inspection
    from gitops_secrets.core.guard.read.documents import Document

_MOST = 20_000
"""Digests that are kept, of about 100 bytes each."""
_silent: dict[bytes, None] = {}
"""Digests of documents that were looked at as a part of a file, and of which nothing is known but that."""


class Watch:
    """Whether a document of one file brings anything; one that does not is not looked at again in another file."""

    def __init__(self, inspection: Inspection, is_worth: Callable[[str], bool]) -> None:
        self._inspection = inspection
        self._is_worth = is_worth
        self._digest = b""
        self._text = ""
        self._count = 0
        self.has_skipped = False
        """Whether a document was left out because it brought nothing before."""

    def is_worth(self, part: str) -> bool:
        """Return whether *part*, the next document of the file, has to be looked at."""
        self.end()
        if not self._is_worth(part):
            return False
        digest = blake2b(part.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in _silent:
            self.has_skipped = True
            return False
        self._digest, self._text, self._count = digest, part, self._found()
        return True

    def see(self, document: Document) -> None:
        """Take in what the part that has begun is read as: only one that is read whole can be left out."""
        is_whole = document.text is self._text
        if not (is_whole and isinstance(document.root, (yaml.MappingNode, yaml.SequenceNode))):
            self._digest = b""

    def end(self) -> None:
        """Remember the part that has begun if it brought nothing; what was found before it may hide what it holds."""
        if self._digest and not self._inspection.hits and self._found() == self._count:
            if len(_silent) >= _MOST:
                del _silent[next(iter(_silent))]
            _silent[self._digest] = None
        self._digest = b""

    def _found(self) -> int:
        return len(self._inspection.objects) + len(self._inspection.values)
