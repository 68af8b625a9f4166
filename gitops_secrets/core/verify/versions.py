"""Versions of encrypted files held against each other: what changed though sops wrote no new MAC.

sops writes a new MAC, under a new nonce, whenever it changes a value. Two versions with one MAC and other
values, keys or readable values were therefore made by other hands, which needs no key to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.guard.patterns.ciphertext import tag_of
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.sops.reader.scalars import resolve
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.reader.tree import (
    Form,
    RefusedError,
    Typed,
    UnsupportedError,
)
from gitops_secrets.core.sops.recipients import shorten
from gitops_secrets.core.sops.structure import Metadata, SopsDocument, is_encrypted_value
from gitops_secrets.core.verify.checks import dotted, found
from gitops_secrets.core.yamltext.nodes import Path, Position, get, position, walk_scalars

_IDENTITY = (("kind",), ("metadata", "namespace"), ("metadata", "name"), ("type",))
"""What says which object it is, in the order of _identity."""
Origins = Mapping[str, Sequence[tuple[str, Path, str]]]
"""Where each ciphertext stands or stood: path of the file, keys, and the commit; by the ciphertext's name."""


class Version(NamedTuple):
    """One version of an encrypted file."""

    file: EncryptedFile
    commit: str
    """The commit that brought it; empty for what is not committed."""

    @property
    def place(self) -> str:
        """The version as a sentence names it."""
        return f"commit {self.commit[:12]}" if self.commit else "the work tree"


class _Item(NamedTuple):
    """One value, as it goes into the MAC."""

    key: tuple[int, Path]
    encrypted: bool
    content: bytes
    """The name of a ciphertext, or a readable value as sops hashes it. Never printed."""
    position: Position


def metadata_of(file: EncryptedFile) -> Metadata | None:
    """Return what the first ``sops`` block of *file* says."""
    return file.documents[0].metadata if file.documents else None


def ciphertexts(file: EncryptedFile) -> Iterator[tuple[str, Path]]:
    """Yield the name of each ciphertext of *file*, with its keys."""
    for root in file.roots:
        for path, node in walk_scalars(root):
            if path[:1] != ("sops",) and is_encrypted_value(str(node.value)):
                yield tag_of(str(node.value)), path


def compare(before: Version, after: Version, origins: Origins) -> Iterator[Finding]:
    """Yield what shows that *after* was changed by other hands than sops', which wrote *before*.

    Both have the same MAC.
    """
    old, new = metadata_of(before.file), metadata_of(after.file)
    if old is None or new is None or not new.mac or old.mac != new.mac:
        return
    if _is_foreign(before, after):
        yield found(
            "tampered",
            after.file.path,
            after.file.place_of_block(),
            f"its sops block is that of {before.file.path} in {before.place}, and its values are not",
        )
        return
    yield from _metadata_changes(before, after, old, new)
    moved = list(_moved(before, after))
    yield from moved
    if new.mac_only_encrypted != old.mac_only_encrypted:
        return
    was = list(_items(before.file, encrypted_only=new.mac_only_encrypted))
    now = list(_items(after.file, encrypted_only=new.mac_only_encrypted))
    if moved:
        was, now = (
            [item for item in items if item.key[1] not in _IDENTITY] for items in (was, now)
        )
    if _hashed(was) != _hashed(now):
        yield _value_change(before, after, was, now, origins)


def _is_foreign(before: Version, after: Version) -> bool:
    """Return whether the two are different files that have nothing but their metadata in common."""
    if before.file.path == after.file.path:
        return False
    theirs = {name for name, _ in ciphertexts(before.file)}
    return not any(name in theirs for name, _ in ciphertexts(after.file))


def _moved(before: Version, after: Version) -> Iterator[Finding]:
    """Yield the objects that are others than those for which sops wrote their ciphertext."""
    for document, other in zip(after.file.documents, before.file.documents, strict=False):
        is_other = _identity(document) != _identity(other)
        if is_other and document.kind and any(v.encrypted for v in document.values):
            yield found(
                "moved-ciphertext",
                after.file.path,
                _place_of_identity(after.file, document, other),
                f"it is {_named(document)}, and its values were encrypted for {_named(other)} in {before.place}",
                document=document,
            )


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
) -> Iterator[Finding]:
    since = f"since {before.place}, by other hands than sops'"
    for field, is_changed, words in (
        ("lastmodified", old.lastmodified != new.lastmodified, "lastmodified was changed"),
        (
            "mac_only_encrypted",
            old.mac_only_encrypted != new.mac_only_encrypted,
            "what the MAC is over was changed",
        ),
        (
            new.rule[0] if new.rule else "mac",
            old.rule != new.rule,
            "the rule by which values are encrypted was changed",
        ),
    ):
        if is_changed:
            yield found(
                "tampered",
                after.file.path,
                after.file.place_of_block(field),
                f"{words} {since}: the MAC is still the same",
                fix=_restore(before, after),
            )
    wrapped = {key.wrapped for key in old.keys}
    known = {(key.kind, key.identification) for key in old.keys}
    kept = [key for key in new.keys if key.wrapped in wrapped]
    added = [key for key in new.keys if (key.kind, key.identification) not in known]
    if kept and added:
        names = ", ".join(shorten(key.identification) for key in added)
        yield found(
            "added-recipient",
            after.file.path,
            after.file.place_of_block("age"),
            f"{names} was added {since}: sops wraps the data key anew for all when it adds a reader",
        )


def _value_change(
    before: Version, after: Version, was: list[_Item], now: list[_Item], origins: Origins
) -> Finding:
    old = {item.key: item for item in was}
    changed = next((i for i in now if i.key not in old or old[i.key].content != i.content), None)
    present = {item.key for item in now}
    gone = next((i for i in was if i.key not in present), None)
    where = f"the MAC is still that of {before.place}"
    if changed is None:
        key = gone.key[1] if gone is not None else ()
        what = (
            f"{dotted(key)} was removed"
            if gone is not None
            else "the order of its values was changed"
        )
        place = after.file.place_of_block("mac")
        return found(
            "tampered", after.file.path, place, f"{what} by other hands than sops': {where}",
            key=key, fix=_restore(before, after),
        )  # fmt: skip
    key = changed.key[1]
    first = old.get(changed.key)
    if changed.encrypted:
        other = f"{dotted(key)} has another ciphertext" if first else f"{dotted(key)} was added"
        what = _origin(before, after, changed, origins) or other
    elif first is not None and first.encrypted:
        what = f"{dotted(key)} was encrypted, and is readable"
    else:
        verb = "edited" if first is not None else "added"
        what = f"{dotted(key)} was {verb} by hand"
    return found(
        "tampered",
        after.file.path,
        changed.position,
        f"{what}, and not by sops: {where}",
        key=key,
        fix=_restore(before, after),
    )


def _origin(before: Version, after: Version, item: _Item, origins: Origins) -> str | None:
    """Return where the ciphertext of *item* was taken from, if that is known."""
    key = item.key[1]
    for path, other, commit in origins.get(item.content.decode(), ()):
        if path == after.file.path and other == key:
            if commit and commit not in (after.commit, before.commit):
                return f"{dotted(key)} was rolled back to the ciphertext of commit {commit[:12]}"
            continue
        where = "" if path == after.file.path else f" of {path}"
        return f"{dotted(key)} has the ciphertext of {dotted(other)}{where}"
    return None


def _restore(before: Version, after: Version) -> str:
    if not before.commit or before.file.path != after.file.path:
        return ""
    return f"git restore --source {before.commit[:12]} -- {{path}}, or: gitops-secrets encrypt --ignore-mac {{path}}"


def _items(file: EncryptedFile, *, encrypted_only: bool) -> Iterator[_Item]:
    for number, root in enumerate(file.roots):
        for path, node in walk_scalars(root):
            if path[:1] == ("sops",):
                continue
            text = str(node.value)
            if is_encrypted_value(text):
                yield _Item((number, path), True, tag_of(text).encode(), position(node))
            elif not encrypted_only:
                content = _hashed_value(node, file.form)
                if content:
                    yield _Item((number, path), False, content, position(node))


def _hashed_value(node: yaml.ScalarNode, form: Form) -> bytes:
    """Return what of *node* goes into the MAC: nothing for null."""
    text = str(node.value)
    if node.style or form is not Form.YAML:
        return text.encode(errors="surrogatepass")
    try:
        value = resolve(text)
    except (RefusedError, UnsupportedError):
        return text.encode(errors="surrogatepass")
    if isinstance(value, Typed):
        return value.canonical
    return (value or "").encode(errors="surrogatepass")


def _hashed(items: list[_Item]) -> list[tuple[Path, bytes] | bytes]:
    """Return what cannot differ under one MAC: readable values that follow each other count as one text."""
    result: list[tuple[Path, bytes] | bytes] = []
    for item in items:
        if item.encrypted:
            keys = tuple(key for key in item.key[1] if isinstance(key, str))
            result.append((keys, item.content))
        elif result and isinstance(result[-1], bytes):
            result[-1] += item.content
        else:
            result.append(item.content)
    return result
