"""What the engine says, searched for pieces of secrets."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_secrets.core.guard.filter.encoded import fragments
from gitops_secrets.core.guard.record.facts import Facts
from gitops_secrets.core.guard.record.finding import Finding

PIECE = 6
PUBLIC = ("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-PQ-1", "-----BEGIN PGP PRIVATE KEY BLOCK-----")
"""How every identity begins: a key path that holds it by chance gives nothing away."""


def pieces(secrets: Iterable[str]) -> frozenset[str]:
    """Return every piece of PIECE characters of *secrets* and of their base64, save how every identity begins."""
    found: set[str] = set()
    for secret in secrets:
        for text in (secret, *(f.decode() for f in fragments(secret.encode()))):
            found.update(_cut(text))
    return frozenset(found.difference(*(_cut(text) for text in PUBLIC)))


def _cut(text: str) -> set[str]:
    return {text[i : i + PIECE] for i in range(len(text) - PIECE + 1)}


def given_away(said: str, secret_pieces: frozenset[str]) -> set[str]:
    """Return the pieces of secrets that *said* holds."""
    return _cut(said) & secret_pieces


def everything_said(facts: Facts, findings: Iterable[Finding]) -> str:
    """Return all that a report, a cache or a traceback could show."""
    return "\n".join([facts.to_json(), repr(facts), *(repr(f) for f in findings)])
