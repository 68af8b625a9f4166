"""An age identity: who holds it opens everything that its recipient was given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops_secrets.core.guard.rules.base import UNTRACK, Rule

RULE = Rule(
    "age-identity",
    "{object} holds an age identity, which opens what is encrypted for it",
    UNTRACK,
)
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_IDENTITY = re.compile(
    rf"(?i:AGE-SECRET-KEY-(?:PQ-)?1[{_BECH32}]{{40,}}|AGE-PLUGIN-[A-Z0-9+._-]{{1,80}}?-1[{_BECH32}]{{6,}})"
)


_WORDS = ("age-secret-key-", "age-plugin-")


def find(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and text of each identity; a placeholder of one repeated letter is none."""
    folded = text.casefold()
    if not any(word in folded for word in _WORDS):
        return  # a pattern that does not mind case is tried at every letter
    for match in _IDENTITY.finditer(text):
        body = match.group().rpartition("1")[2]
        if len(set(body.lower())) > 4:
            yield match.start(), match.group()
