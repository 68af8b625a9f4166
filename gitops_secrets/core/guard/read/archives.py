"""Archives and compressed files: every member of them, and what of them cannot be unpacked."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

from gitops_secrets.core.guard.read.encoding import MAX_UNPACKED, TooLargeError
from gitops_secrets.core.guard.read.formats import SCRIPT, behind_text, is_packed, is_tar
from gitops_secrets.core.guard.read.streams import (
    inflate,
    unpack_bzip2,
    unpack_lzma,
    unpack_streams,
)

_MEMBERS = 200
_TAR_MEMBERS = 20_000
_LOCAL = re.compile(rb"PK\x03\x04")
_NEXT = re.compile(rb"PK(?:\x01\x02|\x03\x04|\x05\x06|\x07\x08)")
_END, _END_LENGTH = b"PK\x05\x06", 22
_STORED, _DEFLATED, _BZIP2, _LZMA, _AES = 0, 8, 12, 14, 99
_LONGEST_NAME = 4096
_AR, _AR_HEADER = b"!<arch>\n", 60
_RPM_LEAD = 96
_BLOCK = 512
_ZEROS = bytes(_BLOCK)


class Unpacked(NamedTuple):
    """What is in an archive."""

    members: list[bytes]
    is_whole: bool
    """Whether there is nothing in it beside its members."""
    unread: int = 0
    """How many members cannot be unpacked here; those that are encrypted by all accounts are not counted."""


class _Entry(NamedTuple):
    method: int
    is_encrypted: bool
    size: int
    """How many bytes it has packed; 0 if that is only known behind it."""


class _Member(NamedTuple):
    content: bytes
    start: int
    end: int
    """Where its data stands in the archive; *start* again if that is broken, and may be something else."""
    is_whole: bool


def unpack(content: bytes, name: str) -> Unpacked:
    """Return what is packed as *name*, one of those of ``packings``, in *content*. Raises TooLargeError beyond MAX_UNPACKED bytes."""
    if name == "zip":
        return _unpack_zip(content)
    if name == "tar":
        return Unpacked(list(_untar(content)), is_whole=True)
    if name == "ar":
        return Unpacked(list(_unar(content)), is_whole=True)
    if name == "rpm":
        payload = content[_rpm_payload(content) :]
        return Unpacked([payload], is_whole=False, unread=not is_packed(payload))
    if name == SCRIPT:
        return Unpacked([content[behind_text(content) :]], is_whole=False)
    return Unpacked(*unpack_streams(content))


def _rpm_payload(content: bytes) -> int:
    """Return where the files of a package of RPM begin, behind its two headers, of which the first is aligned."""
    at = _RPM_LEAD
    for _ in range(2):
        at += -at % 8
        entries, size = struct.unpack(">II", content[at + 8 : at + 16].ljust(8, b"\0"))
        at += 16 + 16 * entries + size
    return at


def _unar(content: bytes) -> Iterator[bytes]:
    """Yield each member of an archive of ar, as a Debian package is one, and what is none."""
    at = len(_AR)
    for _ in range(_TAR_MEMBERS):
        header = content[at : at + _AR_HEADER]
        if not header:
            return
        digits = header[48:58].rstrip(b" ")
        if header[58:] != b"`\n" or not digits.isdigit():
            yield content[at:]
            return
        at += _AR_HEADER
        yield content[at : at + int(digits)]
        at += int(digits) + int(digits) % 2
    raise TooLargeError


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
        if not is_tar(header):
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
    """Unpack the members that the directory names, and those that only a reader of streams meets.

    Where the directory and a member's own header differ, each reader believes another: both are tried.
    """
    entries = {at: {entry} for at, entry in _listed(content).items()}
    for match in _LOCAL.finditer(content):
        if entry := _local(content, match.start()):
            entries.setdefault(match.start(), set()).add(entry)
    if len(entries) > _MEMBERS:
        raise TooLargeError
    members: list[bytes] = []
    taken: list[tuple[int, int]] = []
    unread, room = 0, MAX_UNPACKED
    for at, said in sorted(entries.items()):
        if all(entry.is_encrypted for entry in said):
            continue
        found = [_member(content, at, entry, room) for entry in said]
        taken += [(member.start, member.end) for member in found if member]
        different = {member.content for member in found if member and member.content}
        members += sorted(different)
        room -= sum(map(len, different))
        is_in_doubt = any(entry.is_encrypted for entry in said)
        unread += any(member is None or (is_in_doubt and not member.is_whole) for member in found)
    if content.startswith(b"PK") and entries:
        return Unpacked(members + _outside(content, taken), True, unread)
    return Unpacked(members, False, unread)


def _outside(content: bytes, taken: list[tuple[int, int]]) -> list[bytes]:
    """Return what of a zip file no member was made of, together, and again each piece of it that is packed.

    That is what stands in headers, comments and gaps, behind the end, and in members that are encrypted.
    """
    between: list[bytes] = []
    at = 0
    for start, end in sorted(taken):
        between.append(content[at:start])
        at = max(at, end)
    pieces = [piece for part in (*between, content[at:]) for piece in _NEXT.split(part)]
    if (end := content.rfind(_END)) >= 0:
        comment = end + _END_LENGTH
        pieces.append(content[comment + int.from_bytes(content[comment - 2 : comment], "little") :])
    return [b"\n".join(pieces), *filter(is_packed, pieces)]


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


def _member(content: bytes, at: int, entry: _Entry, room: int) -> _Member | None:
    """Return the member at *at*, unpacked; None where it is packed in a way that is not read here."""
    lengths = content[at + 26 : at + 30]
    start = at + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    if entry.size:
        end = min(start + entry.size, len(content))
    else:
        following = _NEXT.search(content, start) if entry.method == _STORED else None
        end = following.start() if following else len(content)
    data = content[start:end]
    if entry.method == _STORED:
        if len(data) > room:
            raise TooLargeError
        return _Member(data, start, end, is_whole=True)
    if entry.method == _DEFLATED:
        stream = inflate(data, room)
    elif entry.method == _BZIP2:
        stream = unpack_bzip2(data, room)
    elif entry.method == _LZMA:
        # As zip writes it, without the length that the format of its own has in its header.
        stream = unpack_lzma(data[4:9] + b"\xff" * 8 + data[9:], room)
    else:
        return None
    if stream.rest is None:
        return _Member(stream.content, start, start, is_whole=False)
    return _Member(stream.content, start, end - len(stream.rest), is_whole=True)
