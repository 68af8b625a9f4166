"""What the engine says, searched for pieces of secrets."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_secrets.core.findings import Finding
from gitops_secrets.core.guard.facts import Facts
from gitops_secrets.core.guard.prefilter import fragments

PIECE = 6


def pieces(secrets: Iterable[str]) -> frozenset[str]:
    """Return every piece of PIECE characters of *secrets* and of their base64."""
    found: set[str] = set()
    for secret in secrets:
        for text in (secret, *(f.decode() for f in fragments(secret.encode()))):
            found.update(text[i : i + PIECE] for i in range(len(text) - PIECE + 1))
    return frozenset(found)


def given_away(said: str, secret_pieces: frozenset[str]) -> set[str]:
    """Return the pieces of secrets that *said* holds."""
    return {said[i : i + PIECE] for i in range(len(said) - PIECE + 1)} & secret_pieces


def everything_said(facts: Facts, findings: Iterable[Finding]) -> str:
    """Return all that a report, a cache or a traceback could show."""
    return "\n".join([facts.to_json(), repr(facts), *(repr(f) for f in findings)])
