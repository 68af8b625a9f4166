"""A plan: every file a command is about to write, computed before the first byte is written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_ENCRYPTED = re.compile(r"ENC\[AES256_GCM,[^\]]*\]")
_AGE_BODY = re.compile(r"^\s*(-----(BEGIN|END) AGE ENCRYPTED FILE-----|[A-Za-z0-9+/=]{20,})$")


@dataclass(frozen=True)
class Change:
    """One file: what it holds before (None where there is none) and after."""

    path: str
    before: bytes | None
    after: bytes

    @property
    def verb(self) -> str:
        """What happens to the file, in a word."""
        return "create" if self.before is None else "change"


def render_diff(changes: Iterable[Change]) -> str:
    """Return *changes* as a unified diff in which no value, not even an encrypted one, is shown."""
    parts: list[str] = []
    for change in changes:
        parts += difflib.unified_diff(
            _shown(change.before or b""),
            _shown(change.after),
            f"a/{change.path}" if change.before is not None else "/dev/null",
            f"b/{change.path}",
            lineterm="",
        )
    return "\n".join(parts) + ("\n" if parts else "")


def _shown(content: bytes) -> list[str]:
    lines = content.decode(errors="replace").splitlines()
    return [_ENCRYPTED.sub("ENC[...]", line) for line in lines if not _AGE_BODY.match(line)]
