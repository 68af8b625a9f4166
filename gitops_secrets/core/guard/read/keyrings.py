"""Private keys of OpenPGP without armor: key rings (RFC 9580), and the files that gpg-agent keeps."""

from __future__ import annotations

import binascii
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SECRET, _PUBLIC, _SECRET_BELOW, _PUBLIC_BELOW = 5, 6, 7, 14
_KEYS = frozenset({_SECRET, _PUBLIC, _SECRET_BELOW, _PUBLIC_BELOW})
_OF_RING = _KEYS | {2, 12, 13, 17}
"""The sorts of packets that a key ring has: keys, signatures, trust, users and what belongs to them."""
_VERSIONS = (4, 6)
_ALGORITHMS = (1, 16, 17, 18, 19, 22, 25, 26, 27, 28)
_SHORTEST = 100
_MAX_PACKETS = 10_000
KEY_BEGINNINGS = frozenset(
    bytes((first,)) for first in (*b"(CKLU", *(0x94, 0x95, 0x96, 0xC5), *(0x98, 0x99, 0x9A, 0xC6))
)
"""The first bytes of what ``holds_secret_key`` may say yes of."""
_OF_AGENT = (b"(", b"Created:", b"Key:", b"Label:", b"Use-for-")
_AGENT_KEY = (
    rb"\((?:11:private-key|21:protected-private-key)\("
    rb"|\((?:protected-)?private-key\s*\([^#]{1,200}#[0-9A-F\s]{16}"
)
"""Compiled when it is needed: every commit would wait for it."""
_FAR = 4096


def holds_secret_key(content: bytes) -> bool:
    """Return whether *content* begins as a key ring, and a secret key stands in it, or is gpg-agent's file of one."""
    if content.startswith(_OF_AGENT):
        return re.search(_AGENT_KEY, content[:_FAR]) is not None
    at = 0
    if len(content) < _SHORTEST:
        return False
    for _ in range(_MAX_PACKETS):
        packet = _packet(content, at)
        if packet is None:
            return False
        tag, begin, end = packet
        if tag not in (_OF_RING if at else (_SECRET, _PUBLIC)):
            return False
        if tag in _KEYS and not _begins_key(content, begin):
            return False
        if tag in (_SECRET, _SECRET_BELOW):
            return True
        at = end
    return False


def _begins_key(content: bytes, at: int) -> bool:
    head = content[at : at + 6]
    return len(head) == 6 and head[0] in _VERSIONS and head[5] in _ALGORITHMS


def _packet(content: bytes, at: int) -> tuple[int, int, int] | None:
    """Return the sort of the packet at *at*, and where its body begins and ends; None if none begins there."""
    head = content[at : at + 6]
    if len(head) < 6 or not head[0] & 0x80:
        return None
    if head[0] & 0x40:
        tag, first = head[0] & 0x3F, head[1]
        if first < 192:
            size, length = 2, first
        elif first < 224:
            size, length = 3, ((first - 192) << 8) + head[2] + 192
        elif first == 255:
            size, length = 6, int.from_bytes(head[2:6], "big")
        else:
            return None
        return tag, at + size, at + size + length
    tag, kind = (head[0] >> 2) & 0xF, head[0] & 3
    if kind == 3:
        return tag, at + 1, len(content)
    size = 1 << kind
    return tag, at + 1 + size, at + 1 + size + int.from_bytes(head[1 : 1 + size], "big")


def base64_beginnings() -> Iterator[bytes]:
    """Yield how base64 of a ring with a secret key, and of a file of gpg-agent, begins: three letters."""
    heads = [
        *((0x95, second, third) for second in range(0x20) for third in range(0, 256, 64)),
        *((0x94, second, 0) for second in range(0x40, 256)),
        *((0xC5, second, 0) for second in range(0x40, 192)),
        *((0xC5, second, third) for second in range(192, 224) for third in range(0, 256, 64)),
        (0x96, 0, 0),
        *(b"(11", b"(21", b"Cre", b"Key"),
    ]
    for head in heads:
        yield binascii.b2a_base64(bytes(head))[:3]
