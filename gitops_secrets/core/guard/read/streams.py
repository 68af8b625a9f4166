"""Compressed streams, one behind the other as every reader unpacks them, up to where they are broken.

Checksums are not asked: what a reader shows before it complains can be read all the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from gitops_secrets.core.guard.read.encoding import MAX_UNPACKED, TooLargeError
from gitops_secrets.core.guard.read.formats import begins_as_zlib

_MEMORY = 80 * 1024 * 1024
"""A little more than ``xz -9`` needs."""
_PIECE = 4096
_HAS_CRC, _HAS_EXTRA, _HAS_NAME, _HAS_COMMENT = 2, 4, 8, 16
_LONG_HEADER = 40
_GZIP, _BZIP2, _XZ, _ALONE = b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"]\0\0"


class _Machine(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Stream(NamedTuple):
    """One stream, unpacked."""

    content: bytes
    rest: bytes | None
    """What follows it; None if it is broken or cut off."""


def unpack_streams(content: bytes) -> tuple[list[bytes], bool]:
    """Return the streams of *content* unpacked, and whether there is nothing else in it.

    Of several streams the first is all of them together, as readers give them. Raises TooLargeError.
    """
    found: list[bytes] = []
    beside: list[bytes] = []
    rest: bytes | None = content
    room = MAX_UNPACKED
    while rest:
        stream = _next(rest, beside, room)
        if stream is None:
            break
        found.append(stream.content)
        room -= len(stream.content)
        rest = stream.rest
        if rest is not None and not content.startswith(_ALONE):
            rest = rest.lstrip(b"\0")
    together = [b"".join(found)] if len(found) > 1 else []
    return [m for m in (*together, *found, *beside) if m], rest is not None and not rest


def inflate(data: bytes, room: int) -> Stream:
    """Return what *data*, deflated without a header, unpacks to."""
    return _run(lambda: zlib.decompressobj(-15), data, room)


def unpack_bzip2(data: bytes, room: int) -> Stream:
    """Return what the first bzip2 stream of *data* unpacks to."""
    import bz2

    return _run(bz2.BZ2Decompressor, data, room)


def unpack_lzma(data: bytes, room: int) -> Stream:
    """Return what the first stream of *data*, in the format of xz or of lzma before it, unpacks to."""
    import lzma

    return _run(lambda: lzma.LZMADecompressor(memlimit=_MEMORY), data, room)


def _next(data: bytes, beside: list[bytes], room: int) -> Stream | None:
    """Return the stream that *data* begins with; None where it begins none. Add a header's text to *beside*."""
    if data.startswith(_GZIP):
        begin = _header_length(data)
        if begin > _LONG_HEADER:
            beside.append(data[10:begin])
        stream = inflate(data[begin:], room)
        return stream if stream.rest is None else Stream(stream.content, stream.rest[8:])
    if data.startswith(_BZIP2):
        return unpack_bzip2(data, room)
    if data.startswith((_XZ, _ALONE)):
        return unpack_lzma(data, room)
    if begins_as_zlib(data):
        stream = inflate(data[2:], room)
        return stream if stream.rest is None else Stream(stream.content, stream.rest[4:])
    return None


def _header_length(data: bytes) -> int:
    """Return how long the header of a gzip member is (RFC 1952)."""
    flags = data[3] if len(data) > 10 else 0
    at = 10
    if flags & _HAS_EXTRA:
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    for text in (_HAS_NAME, _HAS_COMMENT):
        if flags & text:
            at = data.find(b"\0", at) + 1 or len(data)
    return at + 2 if flags & _HAS_CRC else at


def _run(make: Callable[[], _Machine], data: bytes, room: int) -> Stream:
    machine = make()
    content, fed = _feed(machine, [data], room)
    if fed:
        return Stream(content, machine.unused_data if machine.eof else None)
    # Anew in pieces to learn how far it goes, then up to there and on byte by byte.
    _, fed = _feed(make(), _pieces(data, _PIECE), room)
    machine, good = make(), fed * _PIECE
    content, _ = _feed(machine, [data[:good]] if good else [], room)
    more, _ = _feed(machine, _pieces(data[good : good + _PIECE], 1), room - len(content))
    return Stream(content + more, None)


def _feed(machine: _Machine, pieces: Iterable[bytes], room: int) -> tuple[bytes, int]:
    """Return what *machine* makes of *pieces* up to the first fault, and how many of them were good.

    Raises TooLargeError beyond *room* bytes, and where a stream asks for more memory than it may have.
    """
    found: list[bytes] = []
    size = good = 0
    for piece in pieces:
        if machine.eof:
            break
        try:
            found.append(machine.decompress(piece, room - size + 1))
        except Exception as error:  # noqa: BLE001 - three libraries, each with errors of its own
            if "emory" in str(error):
                raise TooLargeError from None
            break
        size += len(found[-1])
        good += 1
        if size > room:
            raise TooLargeError
    return b"".join(found), good


def _pieces(data: bytes, size: int) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))
