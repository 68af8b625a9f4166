"""Versions of encrypted files held against each other: what changed though sops wrote no new MAC.

sops writes a new MAC, under a new nonce, whenever it changes a value. Two versions with one MAC and other
values, keys or readable values were therefore made by other hands, which needs no key to see.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.structure import Metadata, SopsDocument
from gitops_secrets.core.verify.changes import (
    empty_changes,
    left_readable,
    readable_changes,
    respelled,
    value_change,
)
from gitops_secrets.core.verify.checks import found
from gitops_secrets.core.verify.items import Key, hashed, items_of
from gitops_secrets.core.verify.structure import choice_of
from gitops_secrets.core.verify.version import (
    Origins,
    Shown,
    Version,
    ciphertexts,
    restore,
)
from gitops_secrets.core.yamltext.nodes import Position, get, position

_IDENTITY = (("kind",), ("metadata", "namespace"), ("metadata", "name"), ("type",))
"""What says which object it is, in the order of _identity."""


def compare(before: Version, after: Version, origins: Origins) -> Iterator[Shown]:
    """Yield what shows that *after* was changed by other hands than sops', which wrote *before*.

    Both have the same MAC.
    """
    old, new = before.file.metadata, after.file.metadata
    if old is None or new is None or not new.mac or old.mac != new.mac:
        return
    if _is_foreign(before, after):
        said = f"its sops block is that of {before.file.path} in {before.place}, and its values are not"
        place = after.file.place_of_block()
        yield Shown(found("tampered", after.file.path, place, said), True)
        return
    yield from _metadata_changes(before, after, old, new)
    moved = list(_moved(before, after))
    for finding in moved:
        yield Shown(finding, not new.mac_only_encrypted)
    for finding in respelled(before, after):
        yield Shown(finding, False)
    if new.mac_only_encrypted != old.mac_only_encrypted:
        return
    was, now = (
        [
            item
            for item in items_of(version.file)
            if (item.encrypted or not new.mac_only_encrypted)
            and not (moved and item.key[1] in _IDENTITY)
        ]
        for version in (before, after)
    )
    is_told = hashed(was) != hashed(now)
    if is_told:
        yield Shown(value_change(before, after, was, now, origins), True)
    skipped: frozenset[Key] = frozenset()
    if new.mac_only_encrypted:
        skipped = left_readable(before) | left_readable(after)
        if not moved:
            for finding in readable_changes(before, after):
                yield Shown(finding, False)
    is_told = is_told or bool(moved) or new.mac_only_encrypted
    for finding in empty_changes(before, after, skipped, is_told=is_told):
        yield Shown(finding, False)


def _is_foreign(before: Version, after: Version) -> bool:
    """Return whether the two are different files that have nothing but their metadata in common."""
    if before.file.path == after.file.path:
        return False
    theirs = {name for name, _ in ciphertexts(before.file)}
    return not any(name in theirs for name, _ in ciphertexts(after.file))


def _moved(before: Version, after: Version) -> Iterator[Finding]:
    """Yield the objects that are others than those for which sops wrote their ciphertext."""
    for document, other in zip(*map(_sealed, (after, before)), strict=False):
        if document.kind and _identity(document) != _identity(other):
            yield found(
                "moved-ciphertext",
                after.file.path,
                _place_of_identity(after.file, document, other),
                f"it is {_named(document)}, and its values were encrypted for {_named(other)} in {before.place}",
                document=document,
            )


def _sealed(version: Version) -> list[SopsDocument]:
    return [d for d in version.file.documents if any(v.encrypted for v in d.values)]


def _identity(document: SopsDocument) -> tuple[str | None, ...]:
    kind = None if document.object_type == "Opaque" else document.object_type
    return document.kind, document.namespace, document.name, kind


def _named(document: SopsDocument) -> str:
    where = f"{document.namespace}/" if document.namespace else ""
    kind = f" of type {document.object_type}" if document.object_type else ""
    return f"{document.kind} {where}{document.name or '(unnamed)'}{kind}"


def _place_of_identity(
    file: EncryptedFile, document: SopsDocument, other: SopsDocument
) -> Position:
    root = file.roots[file.documents.index(document)]
    for path, before, after in zip(_IDENTITY, _identity(other), _identity(document), strict=True):
        node = get(root, *path)
        if before != after and node is not None:
            return position(node)
    return position(root)


def _metadata_changes(
    before: Version, after: Version, old: Metadata, new: Metadata
) -> Iterator[Shown]:
    since = f"since {before.place}, by other hands than sops'"
    for field, is_changed, is_of_mac, words in (
        ("lastmodified", old.lastmodified != new.lastmodified, True, "lastmodified was changed"),
        (
            "mac_only_encrypted",
            old.mac_only_encrypted != new.mac_only_encrypted,
            True,
            "what the MAC is over was changed",
        ),
        (
            new.rule[0] if new.rule else "mac",
            choice_of(old) != choice_of(new),
            False,
            "the rule by which values are encrypted was changed",
        ),
    ):
        if is_changed:
            finding = found(
                "tampered",
                after.file.path,
                after.file.place_of_block(field),
                f"{words} {since}: the MAC is still the same",
                fix=restore(before, after),
            )
            yield Shown(finding, is_of_mac)
    wrapped = {key.wrapped for key in old.keys}
    known = {(key.kind, key.identification) for key in old.keys}
    kept = [key for key in new.keys if key.wrapped in wrapped]
    added = [key for key in new.keys if (key.kind, key.identification) not in known]
    if kept and added:
        names = ", ".join(shorten(key.identification) for key in added)
        finding = found(
            "added-recipient",
            after.file.path,
            after.file.place_of_block("age"),
            f"{names} was added {since}: sops wraps the data key anew for all when it adds a reader",
        )
        yield Shown(finding, False)
