"""One ciphertext or wrapped data key in two objects: one of them is not what sops wrote it for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gitops_secrets.core.guard.record.facts import Facts, ObjectFacts
from gitops_secrets.core.guard.record.finding import Finding, Severity
from gitops_secrets.core.guard.rules.base import RENEW, Rule

RULE = Rule(
    "copied-ciphertext",
    "{object} shares {detail}",
    RENEW,
)
_CIPHERTEXT = "a ciphertext"
_KEY = "its wrapped data key, which other readers have there,"
_Holders = dict[str, list[tuple[str, ObjectFacts]]]


def find(files: Mapping[str, Facts], only: Collection[str] | None) -> dict[str, list[Finding]]:
    """Return by path a finding for each object that shares ciphertext or a data key with another.

    The same object in several files (a copy for another cluster) is no finding. Nor is one data key,
    or a ciphertext at the same key, in several Secrets of one file: sops itself writes those. A file that
    was copied and then edited keeps its data key: that is a finding only if its readers differ. It keeps the
    ciphertext of each value that stayed, too: that is none where ``_is_edited_copy``, and a warning where only the
    namespaces of both are not known.
    """
    ciphertexts, keys = _index(files)
    result: dict[str, list[Finding]] = {}
    for path in files if only is None else [p for p in only if p in files]:
        for found in files[path].objects:
            for what, hashes, index in (
                (_CIPHERTEXT, found.ciphertexts, ciphertexts),
                (_KEY, found.wrapped, keys),
            ):
                is_key = what == _KEY
                other = _other(path, found, hashes, index, is_key=is_key, is_placed=True)
                if other is not None:
                    worse = _other(path, found, hashes, index, is_key=is_key)
                    told = _finding(path, found, what, worse or other)
                    if worse is None:
                        told = told._replace(severity=Severity.WARNING)
                    result.setdefault(path, []).append(told)
                    break
    return result


def _finding(path: str, found: ObjectFacts, what: str, other: tuple[str, ObjectFacts]) -> Finding:
    # Loaded where there is something to say: what words need is more than half of this rule's start.
    from gitops_secrets.core.guard.rules.secrets.moved_ciphertext import describe
    from gitops_secrets.core.guard.rules.verdict import finding

    where = other[0] if other[0] != path else "this file"
    detail = f"{what} with {describe(other[1].identity)} in {where}"
    return finding(path, RULE.ident, found.line, found.column, found.identity, (), detail)


def _index(files: Mapping[str, Facts]) -> tuple[_Holders, _Holders]:
    ciphertexts: _Holders = {}
    keys: _Holders = {}
    for path, facts in files.items():
        for found in facts.objects:
            for digest in set(found.ciphertexts):
                ciphertexts.setdefault(digest, []).append((path, found))
            for digest in set(found.wrapped):
                keys.setdefault(digest, []).append((path, found))
    return ciphertexts, keys


def _other(
    path: str,
    found: ObjectFacts,
    hashes: Collection[str],
    index: _Holders,
    *,
    is_key: bool,
    is_placed: bool = False,
) -> tuple[str, ObjectFacts] | None:
    """Return another holder of one of *hashes*; with *is_placed*, an edited copy has to say its namespace to be none."""
    for digest in hashes:
        holders = index[digest]
        served = found.identity.as_served()
        copies = {where for where, other in holders if other.identity.as_served() == served}
        for where, other in holders:
            if is_key and set(other.wrapped) == set(found.wrapped):
                continue
            if (
                not is_key
                and _is_edited_copy(found, other)
                and not (is_placed and found.identity.as_served().namespace is None)
            ):
                continue
            if where == path:
                if is_key or other.identity.kind == found.identity.kind:
                    continue
            elif where in copies:
                continue
            return where, other
    return None


def _is_edited_copy(found: ObjectFacts, other: ObjectFacts) -> bool:
    """Return whether both are one Secret that was copied and edited with sops, and nobody reads more by it.

    They have the same wrapped data keys, differ by name alone, stand in one namespace as far as both say it, and
    each has a ciphertext that the other lacks: a copy made without the key has none of its own. Between namespaces
    that proves nothing: the ciphertext of an earlier version decrypts as well, and Flux checks no MAC.
    """
    one, two = found.identity.as_served(), other.identity.as_served()
    return (
        one._replace(name=two.name) == two
        and bool(found.wrapped)
        and set(found.wrapped) == set(other.wrapped)
        and bool(set(found.ciphertexts) - set(other.ciphertexts))
        and bool(set(other.ciphertexts) - set(found.ciphertexts))
    )
