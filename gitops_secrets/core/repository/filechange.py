"""A plan: every file a command is about to write, computed before the first byte is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_ENCRYPTED = r"ENC\[AES256_GCM,[^\]]*\]"
_AGE_BODY = r"^\s*(-----(BEGIN|END) AGE ENCRYPTED FILE-----|[A-Za-z0-9+/=]{20,})$"


class Change(NamedTuple):
    """One file: what it holds before (None if there is none) and after."""

    path: str
    before: bytes | None
    after: bytes

    @property
    def verb(self) -> str:
        """What happens to the file, in a word."""
        return "create" if self.before is None else "change"


def render_diff(changes: Iterable[Change]) -> str:
    """Return *changes* as a unified diff in which no value, not even an encrypted one, is shown.

    A value that changes has its lines all the same: they say which it is.
    """
    import difflib

    parts: list[str] = []
    for change in changes:
        if change.before is None and not change.after:
            parts += ["--- /dev/null", f"+++ b/{change.path}"]
        parts += (
            re.sub(_ENCRYPTED, "ENC[...]", line)
            for line in difflib.unified_diff(
                _lines(change.before or b""),
                _lines(change.after),
                f"a/{change.path}" if change.before is not None else "/dev/null",
                f"b/{change.path}",
                lineterm="",
            )
        )
    return "\n".join(parts) + ("\n" if parts else "")


def _lines(content: bytes) -> list[str]:
    lines = content.decode(errors="replace").splitlines()
    return [line for line in lines if not re.match(_AGE_BODY, line)]
