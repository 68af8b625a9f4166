"""Archives and compressed files: every member of them, and what of them cannot be unpacked."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

from gitops_secrets.core.guard.read.encoding import MAX_UNPACKED, TooLargeError, is_packed, packing
from gitops_secrets.core.guard.read.streams import (
    Stream,
    inflate,
    unpack_bzip2,
    unpack_lzma,
    unpack_streams,
)

_MEMBERS = 200
_TAR_MEMBERS = 20_000
_LOCAL = re.compile(rb"PK\x03\x04")
_NEXT = re.compile(rb"PK(?:\x01\x02|\x03\x04|\x05\x06|\x07\x08)")
_STORED, _DEFLATED, _BZIP2, _LZMA, _AES = 0, 8, 12, 14, 99
_LONGEST_NAME = 4096
_BLOCK = 512
_ZEROS = bytes(_BLOCK)


class Unpacked(NamedTuple):
    """What is in an archive."""

    members: list[bytes]
    is_whole: bool
    """Whether there is nothing in it beside its members."""
    unread: int = 0
    """How many members cannot be unpacked here; those that are encrypted are not counted."""


class _Entry(NamedTuple):
    method: int
    is_encrypted: bool
    size: int
    """How many bytes it has packed; 0 if that is only known behind it."""


def unpack(content: bytes, name: str) -> Unpacked:
    """Return what is packed as *name*, one of those of ``packing``, in *content*. Raises TooLargeError beyond MAX_UNPACKED bytes."""
    if name == "zip":
        return _unpack_zip(content)
    if name == "tar":
        return Unpacked(list(_untar(content)), is_whole=True)
    return Unpacked(*unpack_streams(content))


def _untar(content: bytes) -> Iterator[bytes]:
    """Yield each member, those behind an end of the archive as well, and what is no member."""
    at = count = 0
    while at < len(content):
        header = content[at : at + _BLOCK]
        at += _BLOCK
        if header == _ZEROS:
            continue
        count += 1
        if count > _TAR_MEMBERS:
            raise TooLargeError
        if not (is_packed(header) and packing(header) == "tar"):
            yield content[at - _BLOCK :]
            return
        size = _tar_size(header[124:136])
        yield content[at : at + size]
        at += -(-size // _BLOCK) * _BLOCK


def _tar_size(field: bytes) -> int:
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    return int(digits, 8) if re.fullmatch(rb"[0-7]+", digits) else 0


def _unpack_zip(content: bytes) -> Unpacked:
    """Unpack the members that the directory names, and those that only a reader of streams meets."""
    entries = _listed(content)
    for match in _LOCAL.finditer(content):
        if match.start() not in entries and (entry := _local(content, match.start())):
            entries[match.start()] = entry
    if len(entries) > _MEMBERS:
        raise TooLargeError
    members: list[bytes] = []
    unread, room = 0, MAX_UNPACKED
    for at, entry in sorted(entries.items()):
        if entry.is_encrypted:
            continue
        stream = _member(content, at, entry, room)
        if stream is None:
            unread += 1
        elif stream.content:
            members.append(stream.content)
            room -= len(stream.content)
    return Unpacked(members, bool(members or entries) and content.startswith(b"PK"), unread)


def _listed(content: bytes) -> dict[int, _Entry]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                i.header_offset: _Entry(i.compress_type, bool(i.flag_bits & 1), i.compress_size)
                for i in archive.infolist()
            }
    except Exception:  # noqa: BLE001 - a broken archive fails in a dozen ways
        return {}


def _local(content: bytes, at: int) -> _Entry | None:
    """Return the member whose own header stands at *at*; None for what only looks so."""
    header = content[at : at + 30]
    method = int.from_bytes(header[8:10], "little")
    name = int.from_bytes(header[26:28], "little")
    if len(header) < 30 or method > _AES or not 0 < name < _LONGEST_NAME:
        return None
    size = int.from_bytes(header[18:22], "little")
    return _Entry(method, bool(header[6] & 1), size if size < 0xFFFFFFFF else 0)


def _member(content: bytes, at: int, entry: _Entry, room: int) -> Stream | None:
    """Return the member at *at*, unpacked; None where it is packed in a way that is not read here."""
    lengths = content[at + 26 : at + 30]
    start = at + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    if entry.size:
        end = start + entry.size
    else:
        following = _NEXT.search(content, start) if entry.method == _STORED else None
        end = following.start() if following else len(content)
    data = content[start:end]
    if entry.method == _STORED:
        if len(data) > room:
            raise TooLargeError
        return Stream(data, b"")
    if entry.method == _DEFLATED:
        return inflate(data, room)
    if entry.method == _BZIP2:
        return unpack_bzip2(data, room)
    if entry.method == _LZMA:
        # As zip writes it, without the length that the format of its own has in its header.
        return unpack_lzma(data[4:9] + b"\xff" * 8 + data[9:], room)
    return Stream(b"", b"") if entry.method == _AES else None
