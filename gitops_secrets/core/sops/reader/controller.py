"""What kustomize-controller makes of an encrypted file. It decrypts as sops does, and checks no MAC.

Manifests are decrypted object by object, each with the ``sops`` block of its own document. Any other file is
decrypted as a whole where a kustomization names it, as a file of a secretGenerator or as a patch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

import yaml

from gitops_secrets.core.sops.reader.cipher import NO_NUMBERS, DataKey
from gitops_secrets.core.sops.reader.read import Opened, Verdict, load, open_values
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.reader.tree import (
    Comment,
    Form,
    RefusedError,
    Typed,
    UnsupportedError,
    Value,
    form_of,
)
from gitops_secrets.core.sops.structure import MAX_ENCRYPTED_BYTES, Metadata, SopsDocument
from gitops_secrets.core.yamltext.nodes import duplicate_keys, get, text, walk_scalars
from gitops_secrets.core.yamltext.nulls import is_null

Find = Callable[[Metadata], DataKey | None]
"""Returns the data key of a document. Raises UnsupportedError."""
_MARKS = {
    Form.YAML: b"mac: ENC[",
    Form.JSON: b'"mac": "ENC[',
    Form.BINARY: b'"mac": "ENC[',
    Form.DOTENV: b"sops_mac=ENC[",
    Form.INI: b"[sops]",
}
"""What a file holds that is decrypted as a whole: without it, it is taken as it is."""


class Handling(StrEnum):
    """What the controller does with a file."""

    OPENS = "opens"
    """It decrypts every document, and applies what comes out."""
    REFUSES = "refuses"
    """It fails, and applies nothing of the Kustomization."""
    LEAVES = "leaves"
    """It does not decrypt a document, and applies the ciphertext."""
    NO_KEY = "no key"
    """No identity at hand opens it."""
    UNSUPPORTED = "unsupported"
    """It is not known here."""


class Handled(NamedTuple):
    """What the controller does with a file, and why if it does not open it."""

    handling: Handling
    why: str = ""


_BEYOND_JSON = Handled(Handling.REFUSES, "it holds a number that JSON does not have")
_WORDS_BEYOND_JSON = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORST = (
    *(Handling.UNSUPPORTED, Handling.REFUSES, Handling.NO_KEY, Handling.LEAVES, Handling.OPENS),
)
"""What is said of a file whose documents differ: one that fails stops all."""


def handle(file: EncryptedFile, find: Find, opened: Opened | None = None) -> Handled:
    """Return what kustomize-controller does with *file*, if it has the identities that *find* uses.

    *opened* is what it holds, if it was opened and is intact: nothing is decrypted twice then.
    """
    # Of several documents each is decrypted by itself, with its own block.
    opened = opened if len(file.roots) == 1 else None
    try:
        if is_manifest(file):
            documents = zip(file.roots, file.documents, strict=True)
            found = [_object(file, *document, find, opened) for document in documents]
            if any(map(_is_written_beyond_json, file.roots)):
                found.append(_BEYOND_JSON)
            return min(found, key=lambda handled: _WORST.index(handled.handling))
        return _source(file, find, opened)
    except RefusedError as error:
        return Handled(Handling.REFUSES, str(error))
    except UnsupportedError as error:
        return Handled(Handling.UNSUPPORTED, str(error))


def is_manifest(file: EncryptedFile) -> bool:
    """Return whether each document of *file* is a Kubernetes object."""
    return file.form in (Form.YAML, Form.JSON) and all(
        text(root, "apiVersion") and text(root, "kind") and text(root, "metadata", "name")
        for root in file.roots
    )


def _source(file: EncryptedFile, find: Find, opened: Opened | None) -> Handled:
    if len(file.content) > MAX_ENCRYPTED_BYTES:
        return Handled(Handling.REFUSES, "it is larger than 5 MiB")
    if form_of(file.path) is not file.form:
        return Handled(Handling.UNSUPPORTED, "its name does not say its form")
    if _MARKS[file.form] not in file.content:
        return Handled(Handling.LEAVES, "its MAC is not spelled as sops spells it")
    return _decrypted(file, None, file.metadata, find, opened)


def _object(
    file: EncryptedFile,
    root: yaml.Node,
    document: SopsDocument,
    find: Find,
    opened: Opened | None,
) -> Handled:
    if next(duplicate_keys(root), None) is not None:
        return Handled(Handling.UNSUPPORTED, "a key stands twice")
    switch = text(root, "metadata", "annotations", "kustomize.toolkit.fluxcd.io/decrypt")
    if (switch or "").lower() == "disabled":
        return Handled(Handling.LEAVES, "an annotation switches its decryption off")
    if document.metadata is None:
        if any(value.encrypted for value in document.values):
            return Handled(Handling.LEAVES, "a document has no sops block")
        return Handled(Handling.OPENS)
    mac = get(root, "sops", "mac")
    if mac is None or is_null(mac):
        return Handled(Handling.LEAVES, "a sops block has no mac")
    return _decrypted(file, root, document.metadata, find, opened)


def _decrypted(
    file: EncryptedFile,
    root: yaml.Node | None,
    metadata: Metadata | None,
    find: Find,
    opened: Opened | None,
) -> Handled:
    """Return what becomes of the document *root*, or of the whole file."""
    if opened is None:
        composed = file.composed if root is None else (root,)
        loaded = load(file.content, file.form, composed, metadata)
        key = find(loaded.metadata)
        if key is None:
            return Handled(Handling.NO_KEY)
        opened = open_values(loaded, key)
    reading = opened.reading
    if reading.verdict is Verdict.INTACT:
        if root is not None and any(map(_is_beyond_json, _leaves(opened.branches))):
            return _BEYOND_JSON
        if root is None and any(map(_has_mark, _leaves(opened.branches))):
            return Handled(Handling.UNSUPPORTED, "what it holds looks encrypted itself")
        return Handled(Handling.OPENS)
    if reading.verdict is Verdict.UNSUPPORTED:
        return Handled(Handling.UNSUPPORTED, reading.why)
    return Handled(Handling.REFUSES, reading.why or "a value does not open")


def _leaves(branches: Iterable[Value]) -> Iterator[Value]:
    """Yield all that is no mapping and no list."""
    for value in branches:
        if isinstance(value, list):
            yield from _leaves(value)
        elif isinstance(value, tuple) and not isinstance(value, (Comment, Typed)):
            yield from _leaves(inner for _, inner in value)
        else:
            yield value


def _has_mark(value: Value) -> bool:
    """Return whether the controller may take what comes out for an encrypted file, and decrypt that too."""
    return isinstance(value, str) and (
        value.startswith("ENC[") or any(mark.decode() in value for mark in _MARKS.values())
    )


def _is_written_beyond_json(root: yaml.Node) -> bool:
    return any(
        not node.style and _WORDS_BEYOND_JSON.fullmatch(str(node.value))
        for _, node in walk_scalars(root)
    )


def _is_beyond_json(value: Value) -> bool:
    """Return whether *value* is an infinite number, or none at all."""
    return isinstance(value, Typed) and value.canonical in NO_NUMBERS
