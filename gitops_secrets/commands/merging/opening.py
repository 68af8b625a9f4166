"""The versions of a merge, opened in this process: what each holds, and its comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops_secrets.commands.secrets.datakeys import DataKeys
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.merging.values import is_branch
from gitops_secrets.core.sops.merging.version import Version
from gitops_secrets.core.sops.reader.cipher import ClosedError, DataKey
from gitops_secrets.core.sops.reader.jsontree import load_readable_json
from gitops_secrets.core.sops.reader.read import Loaded, Verdict, load, open_loaded
from gitops_secrets.core.sops.reader.tree import (
    Branch,
    Comment,
    Form,
    RefusedError,
    UnsupportedError,
    Value,
    form_of,
)
from gitops_secrets.core.sops.reader.yamltree import load_readable_yaml
from gitops_secrets.core.yamltext.nested import split_documents
from gitops_secrets.core.yamltext.nodes import duplicate_keys
from gitops_secrets.errors import GitOpsSecretsError

_COMMENT = re.compile(r"(?m)^[ \t]*#(.*)$")
_CIPHERTEXT = "ENC[AES256_GCM,"


def open_version(manifest: Manifest, keys: DataKeys, sealer: Sealer) -> Version:
    """Return what *manifest* holds, encrypted or not, its MAC checked.

    It is read in this process if that can be, else by sops. Raises GitOpsSecretsError if no identity at hand
    opens it, its MAC does not fit, or it is nothing that can be merged key by key.
    """
    if any(next(duplicate_keys(root), None) for root in manifest.roots):
        raise GitOpsSecretsError(f"{manifest.path}: a key stands twice in a version of it")
    if manifest.metadata is None:
        return Version(manifest, _readable(manifest), _comments(manifest, None))
    try:
        key = keys.find(manifest.metadata)
        if key is not None:
            loaded = load(
                manifest.content, form_of(manifest.path), manifest.roots, manifest.metadata
            )
            opened = open_loaded(loaded, key)
            if opened.reading.verdict is Verdict.INTACT:
                comments = _comments(manifest, (loaded, key))
                return Version(manifest, opened.branches, comments, key)
    except (RefusedError, UnsupportedError):
        pass
    # sops says what is wrong with it, or opens what cannot be opened here.
    plain = sealer.open_manifest(manifest).plain
    return Version(manifest, _readable(plain), _comments(plain, None))


def _readable(manifest: Manifest) -> tuple[Branch, ...]:
    try:
        if form_of(manifest.path) is Form.JSON:
            return (load_readable_json(manifest.content),)
        return load_readable_yaml(manifest.content)
    except (RefusedError, UnsupportedError) as error:
        raise GitOpsSecretsError(
            f"{manifest.path}: a version of it cannot be merged by value: {error}"
        ) from None


def _comments(
    manifest: Manifest, opened: tuple[Loaded, DataKey] | None
) -> tuple[tuple[str, ...], ...]:
    """Return the comments of each document: those of all, if it is not known where each begins."""
    count = len(manifest.roots)
    if form_of(manifest.path) is Form.JSON:
        return ((),) * count
    texts = split_documents(manifest.content)
    if len(texts) != count:
        texts = [manifest.content] * count
    return tuple(tuple(_comments_in(text, opened)) for text in texts)


def _comments_in(content: bytes, opened: tuple[Loaded, DataKey] | None) -> Iterator[str]:
    places: list[str] = []
    for text in _COMMENT.findall(content.decode(errors="surrogateescape")):
        if opened is None or _CIPHERTEXT not in text:
            yield text.strip()
            continue
        loaded, key = opened
        places = places or [p for branch in loaded.tree.branches for p in _places(branch, "")]
        yield next((found for place in places if (found := _decrypt(key, text, place))), text)


def _places(branch: Branch, bound: str) -> Iterator[str]:
    """Yield what the comments in *branch* and below it are bound to; a comment does not say where it stands."""
    yield bound or ":"
    for name, value in branch:
        yield from _places_in(value, f"{bound}{name}:")


def _places_in(value: Value, bound: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _places_in(item, bound)
    elif is_branch(value):
        yield from _places(value, bound)


def _decrypt(key: DataKey, text: str, bound: str) -> str | None:
    try:
        found = key.decrypt(text.strip(), bound)
    except (ClosedError, RefusedError, UnsupportedError):
        return None
    return found.text.strip() if isinstance(found, Comment) else None
