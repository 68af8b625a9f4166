"""An encrypted file as a diff shows it: which value is another one, and no ciphertext, MAC or time stamp.

sops leaves the ciphertext of a value alone that does not change, so equal marks mean equal values. It needs no key,
and it is a filter of lines: a diff asks for two versions of every file, and nobody waits for a YAML parser.
"""

from __future__ import annotations

import re
from hashlib import blake2b

_VALUE = re.compile(rb"ENC\[(?P<encrypted>AES256_GCM,data:[^\]\r\n]*\])?")
_BLOCK = re.compile(rb"[ \t]*\"?sops\"?:[ \t{]*$")
_NOISE = re.compile(rb"\"?(?:mac|lastmodified|version|created_at)\"?:")
_WRAPPED = re.compile(rb"(?:- +)?(?P<key>\"?enc\"?):\s*(?P<text>\S*)")
_ENDS = (b"}", b"},")


def redact(content: bytes) -> bytes:
    """Return *content* with a short mark for each encrypted value, and of its sops blocks what people decide.

    What is not in the form that sops writes stays as it is.
    """
    kept = []
    block: int | None = None
    wrapped: int | None = None
    for line in content.splitlines(keepends=True):
        text = line.strip()
        column = len(line) - len(line.lstrip())
        if wrapped is not None and (not text or column > wrapped):
            # The armoured text of a wrapped data key, deeper than its key.
            continue
        wrapped = None
        if block is not None and text and column <= block and text not in _ENDS:
            block = None
        if block is None:
            block = column if _BLOCK.match(line.rstrip()) else None
        elif found := _WRAPPED.match(text):
            # Its text is deeper than the key itself, which may stand behind the dash of its entry.
            at = line.index(text) + found.start("key")
            wrapped = at if found["text"][:1] in (b"|", b">") else None
            continue
        elif _NOISE.match(text):
            continue
        kept.append(_VALUE.sub(_mark, line))
    return b"".join(kept)


def _mark(value: re.Match[bytes]) -> bytes:
    """Return the mark of a ciphertext, and of a readable text that looks like a mark what no mark looks like."""
    if value["encrypted"] is None:
        return b"ENC[readable:"
    # As long as it takes to have no two ciphertexts with one mark, whoever makes them.
    return b"ENC[" + blake2b(value[0], digest_size=16).hexdigest().encode() + b"]"
