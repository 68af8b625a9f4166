"""Paths and words as a report may hold them: without the secrets of the contents that they are about.

A file may be called after its password. Facts know neither paths nor secrets, so this is asked for
findings alone, with the content at hand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from gitops_secrets.core.discretion.mixed import has_each_class, is_made_of_words
from gitops_secrets.core.discretion.suspicion import is_unmistakable, may_be_secret
from gitops_secrets.core.guard.filter.encoded import fragments
from gitops_secrets.core.guard.filter.prefilter import may_hold
from gitops_secrets.core.guard.look.redaction import HIDDEN, could_be_secret, pieces_of

_PART = re.compile(r"[^\s/'\"]+")
_ENDING = re.compile(
    r"(?:\.(?:sops|enc|ya?ml|json|env|txt|sh|md|tfvars|tf|toml|ini|conf|cfg)){1,2}\Z"
)
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_SHORTEST = 4
_LONGEST = 64 * 1024


def secrets_in(content: bytes) -> set[str]:
    """Return the secrets that the rules see in *content*, and what may be one in its Secrets: in memory only.

    The value of a Secret may be a region or a host as well, which a path may be called after.
    """
    from gitops_secrets.core.guard.look.inspection import inspect

    bits = may_hold(content)
    if not bits:
        return set()
    inspection, _ = inspect(content, bits)
    found = {hit.material for hit in inspection.hits if hit.could_be_secret()}
    for (_, key), values in inspection.values.items():
        found.update(value for value in values if could_be_secret(key, value, is_found=False))
    return {secret for secret in found if len(secret) >= _SHORTEST}


class Told:
    """What is told of some contents, whose secrets it knows."""

    def __init__(self) -> None:
        self._pieces: set[str] = set()

    def learn(self, secrets: Iterable[str]) -> None:
        """Keep *secrets* out of what is told from now on, whatever content it is about."""
        for secret in secrets:
            if may_be_secret(secret):
                self._pieces.update(_random_pieces(secret))

    def words(self, text: str, own: Collection[str] = ()) -> str:
        """Return *text* with HIDDEN for each part that holds a secret, or a piece of one that is random.

        *own* are the secrets of the content that *text* is about: these count though they are words.
        """
        known = self._pieces.union(*map(_random_pieces, own)) if own else self._pieces
        pieces = [(p, at) for at, p in enumerate(pieces_of(text)) if p in known]
        whole = [secret for secret in own if secret in text]
        if not pieces and not whole and not _may_be_one(text):
            return text
        marks = bytearray(len(text))
        for found, at in pieces:
            marks[at : at + len(found)] = b"\1" * len(found)
        for found in whole:
            at = text.find(found)
            while at >= 0:
                marks[at : at + len(found)] = b"\1" * len(found)
                at = text.find(found, at + 1)

        def told(match: re.Match[str]) -> str:
            if not any(marks[match.start() : match.end()]) and not _may_be_one(match.group()):
                return match.group()
            ending = _ENDING.search(match.group())
            at = match.start() + ending.start() if ending else match.end()
            return HIDDEN + (ending.group() if ending and not any(marks[at : match.end()]) else "")

        return _PART.sub(told, text)


def _may_be_one(text: str) -> bool:
    """Return whether *text* holds what is not a name, though no content that was looked at has it."""
    return is_unmistakable(text) or any(
        has_each_class(run) and not is_made_of_words(run) for run in _RUN.findall(text)
    )


def _is_random(piece: str) -> bool:
    """Return whether *piece* has letters and digits or signs: what words share is no piece of a secret alone."""
    return not piece.isdigit() and any(not c.isalpha() and c not in "-_. /" for c in piece)


def _random_pieces(secret: str) -> set[str]:
    """Return the random pieces of *secret*, and of its base64."""
    begin = secret[:_LONGEST]
    encoded = fragments(begin.encode("utf-8", "surrogatepass"))
    texts = (begin, *(f.decode() for f in encoded))
    return {piece for text in texts for piece in pieces_of(text) if _is_random(piece)}
