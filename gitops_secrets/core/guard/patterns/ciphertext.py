"""Names for ciphertexts and wrapped data keys, which are public text: by what they decode to.

Base64 leaves bits of its last character unused, and sops reads any value in them. The type at the end of
a value is not authenticated either. So a ciphertext is known by its decoded tag, never as it is spelled.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

WRAPPED_LENGTH = 48
"""How many characters at the end of a wrapped data key stand for it."""
_COMMON = 20
"""How many characters of a tag are the same in each of its spellings."""
_TAG = re.compile(r",tag:([A-Za-z0-9+/]+={0,2}),type:[a-z]+\]\Z")
_TAGS = re.compile(rb"tag:([A-Za-z0-9+/]{20})")
_RUN = re.compile(rb"[A-Za-z0-9+/]{20,}")
_HEXADECIMAL = b"0123456789ABCDEF"
_FINGERPRINT = 40
"""Digits of the fingerprint by which sops names an OpenPGP key."""
_ESCAPED = re.compile(
    rb"\\(?:[/\r\n]|(?:x|u00|U000000)(?:2[bBcCfF]|3[0-9aAdD]|[46][1-9a-fA-F]|[57][0-9aAbBdDfF]))"
    rb"|!\S{0,40}binary"
)
"""How a scalar may spell a character of ciphertext otherwise, or be broken in two without a blank."""


def tag_of(value: str) -> str:
    """Return the name of the ciphertext *value*, an ``ENC[...]`` in full: its tag."""
    match = _TAG.search(value)
    return _canonical(match[1]) if match else value[-WRAPPED_LENGTH:]


def end_of(body: str) -> str:
    """Return the name of a wrapped data key whose base64 is *body*: its end."""
    if len(body) % 4:
        return body[-WRAPPED_LENGTH:]
    return body[-WRAPPED_LENGTH:-4] + _canonical(body[-4:])


def pieces_of(content: bytes) -> set[bytes] | None:
    """Return pieces of *content*: it has one in common with whatever shares a ciphertext or data key with it.

    None for what may be spelled so that no piece shows: only a parser can tell. Who reads it is no piece: the
    same people read most files of a repository.
    """
    content = content.replace(b"\0", b"")
    if _ESCAPED.search(content):
        return None
    content = content.replace(b"\\n", b"\n")
    runs = (run for run in _RUN.findall(content) if not _is_reader(run))
    return {*runs, *_TAGS.findall(content)}


def _is_reader(run: bytes) -> bool:
    """Return whether *run* is an age recipient or the fingerprint of an OpenPGP key, which no ciphertext is."""
    return (run.startswith(b"age1") and run.islower()) or (
        len(run) == _FINGERPRINT and not run.strip(_HEXADECIMAL)
    )


def pieces_of_tags(tags: Iterable[str]) -> set[bytes]:
    """Return the pieces by which ``pieces_of`` finds the ciphertexts that have these names."""
    return {tag[:_COMMON].encode() for tag in tags}


def _canonical(text: str) -> str:
    return b2a_base64(a2b_base64(text), newline=False).decode()
