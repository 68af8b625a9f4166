"""The line ends of a file that sops wrote: sops itself writes no other than LF."""

from __future__ import annotations


def with_ends_of(before: bytes, written: bytes) -> bytes:
    """Return *written* with CRLF at the end of each line if *before* has it at every line, else as it is.

    YAML and JSON read both as the same values. A line that stayed the same is no change then.
    """
    ends = before.count(b"\n")
    if not ends or before.count(b"\r\n") != ends:
        return written
    return written.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
