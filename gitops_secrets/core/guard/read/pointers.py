"""Pointers of Git LFS: what Git holds in place of a content that is kept elsewhere."""

from __future__ import annotations

import re

_BEGINNING = b"version https://"
_POINTER = re.compile(
    rb"version https://(?:git-lfs|hawser)\.github\.com/spec/v1\n"
    rb"(?:ext-[0-9]-[a-z0-9-]{1,40} sha256:[0-9a-f]{64}\n)*oid sha256:[0-9a-f]{64}\nsize [0-9]{1,20}\n?\Z"
)


def is_pointer(content: bytes) -> bool:
    """Return whether *content* is a pointer and nothing else: no secret can stand in one."""
    return content.startswith(_BEGINNING) and _POINTER.match(content) is not None
