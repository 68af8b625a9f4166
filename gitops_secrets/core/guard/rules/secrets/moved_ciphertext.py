"""Ciphertext that stood in another object before: sops binds a value to its key path only.

Whoever changes apiVersion, kind, namespace, name or type of an encrypted object breaks its MAC, but
Flux checks none, and decrypts it where it now stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops_secrets.core.guard.record.facts import Facts, Identity, ObjectFacts
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.guard.rules.base import RENEW, Rule

RULE = Rule(
    "moved-ciphertext",
    "{object} holds the ciphertext that was written for {detail}",
    RENEW,
)

Holders = Mapping[str, Sequence[Identity]]
"""The objects that hold a ciphertext, by its name."""


def find(path: str, new: Facts, old: Sequence[Facts]) -> Iterator[Finding]:
    """Yield a finding for each object of *new* whose ciphertext stood only in other objects of *old*."""
    before = {o.identity for facts in old for o in facts.objects}
    if all(before <= {found.identity} for found in new.objects):
        # The commonest change by far: values of one object that stays what it is.
        return
    holders = holders_of(old)
    for found in new.objects:
        yield from _moved(path, found, _held(found, holders))


def find_held(path: str, new: Facts, holders: Holders) -> Iterator[Finding]:
    """Yield a finding for each object of *new* whose ciphertext only other objects had, by *holders*."""
    for found in new.objects:
        yield from _moved(path, found, _held(found, holders))


def _held(found: ObjectFacts, holders: Holders) -> list[Identity]:
    return [i for c in found.ciphertexts for i in holders.get(c, ())]


def _moved(path: str, found: ObjectFacts, held: Sequence[Identity]) -> Iterator[Finding]:
    if found.identity.kind is None and found.identity.api_version is None:
        # No object any more: nobody applies it.
        return
    if held and found.identity.as_served() not in [i.as_served() for i in held]:
        from gitops_secrets.core.guard.rules.verdict import finding

        yield finding(
            path, RULE.ident, found.line, found.column, found.identity, (), describe(held[0])
        )


def describe(identity: Identity) -> str:
    """Return *identity* as a sentence names it."""
    where = f"{identity.namespace}/" if identity.namespace else ""
    kind = identity.kind or "an object"
    suffix = f" of type {identity.type}" if identity.type else ""
    return f"{kind} {where}{identity.name or '(unnamed)'}{suffix}"


def holders_of(old: Iterable[Facts]) -> dict[str, list[Identity]]:
    """Return who holds each ciphertext of *old*."""
    holders: dict[str, list[Identity]] = {}
    for facts in old:
        for found in facts.objects:
            for ciphertext in found.ciphertexts:
                holders.setdefault(ciphertext, []).append(found.identity)
    return holders
