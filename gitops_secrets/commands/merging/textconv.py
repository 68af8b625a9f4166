"""What Git compares in a diff instead of an encrypted file."""

from __future__ import annotations

import sys

_ALL = -1


def print_redacted(path: str) -> int:
    """Print the file *path* without ciphertext, MAC and wrapped data keys, or as it is if it has none of them.

    Whatever goes wrong, something is printed and 0 returned: of a failure Git makes no diff at all.
    """
    with open(path, "rb") as file:
        content = file.read(_ALL)
    try:
        from gitops_secrets.core.sops.redaction import redact

        content = redact(content)
    finally:
        sys.stdout.buffer.write(content)
    return 0
