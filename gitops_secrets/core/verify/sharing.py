"""Ciphertexts and data keys that several files share."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from gitops_secrets.core.guard.patterns.ciphertext import tag_of
from gitops_secrets.core.guard.record.facts import Facts, Identity, ObjectFacts
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.guard.rules.secrets import copied_ciphertext
from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.structure import SopsDocument
from gitops_secrets.core.yamltext.nodes import position, walk_scalars

_TAG = re.compile(rb"tag:([A-Za-z0-9+/]{20})")
"""What is the same in each spelling of a ciphertext."""
_ROOTS = ("data", "stringData")


def check_copies(files: Mapping[str, EncryptedFile], only: Collection[str]) -> Iterator[Finding]:
    """Yield what objects of *only* share with other objects of *files*, as the guard judges it."""
    concerned = _sharing(files.values())
    facts = {path: _facts(file) for path, file in files.items() if path in concerned}
    for findings in copied_ciphertext.find(facts, only).values():
        yield from findings


def shared_keys(files: Iterable[EncryptedFile]) -> Iterator[tuple[str, ...]]:
    """Yield the files of each data key that several of *files* have."""
    shared = {tuple(dict.fromkeys(paths)) for paths in _by_key(files).values()}
    yield from sorted(paths for paths in shared if len(paths) > 1)


def _sharing(files: Iterable[EncryptedFile]) -> frozenset[str]:
    held = list(files)
    by_piece: dict[bytes, list[str]] = {}
    for file in held:
        for piece in _TAG.findall(file.content):
            by_piece.setdefault(piece, []).append(file.path)
    groups: list[Sequence[str]] = [*by_piece.values(), *_by_key(held).values()]
    return frozenset(path for paths in groups if len(paths) > 1 for path in paths)


def _by_key(files: Iterable[EncryptedFile]) -> dict[str, list[str]]:
    holders: dict[str, list[str]] = {}
    for file in files:
        for document in file.documents:
            for key in document.metadata.keys if document.metadata is not None else ():
                if key.wrapped:
                    holders.setdefault(key.wrapped, []).append(file.path)
    return holders


def _facts(file: EncryptedFile) -> Facts:
    """Return what the guard's rule asks of *file*: each of its documents is one object."""
    objects = []
    for number, (root, document) in enumerate(zip(file.roots, file.documents, strict=True)):
        tags = tuple(
            tag_of(str(node.value))
            for path, node in walk_scalars(root)
            if path and path[0] in _ROOTS and is_encrypted_value(str(node.value))
        )
        keys = document.metadata.keys if document.metadata is not None else ()
        where = position(root)
        objects.append(
            ObjectFacts(
                identity=_identity(document),
                line=where.line,
                column=where.column,
                document=number,
                has_metadata=document.metadata is not None,
                readable=(),
                encrypted=len(tags),
                ciphertexts=tags,
                wrapped=tuple(key.wrapped for key in keys if key.wrapped),
            )
        )
    return Facts(objects=tuple(objects))


def _identity(document: SopsDocument) -> Identity:
    return Identity(None, document.kind, document.namespace, document.name, document.object_type)
