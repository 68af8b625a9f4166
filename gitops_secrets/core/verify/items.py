"""The values of an encrypted file, as sops' MAC takes them, and those that it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.guard.patterns.ciphertext import tag_of
from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.reader.scalars import resolve
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.reader.tree import Form, RefusedError, Typed, UnsupportedError
from gitops_secrets.core.yamltext.nodes import Path, Position, position, walk_scalars
from gitops_secrets.core.yamltext.nulls import is_null

Key = tuple[int, Path]
"""The number of a document, and the keys in it."""


class Item(NamedTuple):
    """One value, as it goes into the MAC."""

    key: Key
    encrypted: bool
    content: bytes
    """The name of a ciphertext, or a readable value as sops hashes it. Never printed."""
    position: Position
    spelling: str = ""
    """The whole of a ciphertext: neither its type nor how it is spelled goes into the MAC."""


class Empty(NamedTuple):
    """A place that holds nothing."""

    sort: str
    """Which nothing: null, text, map or list."""
    position: Position


def items_of(file: EncryptedFile) -> Iterator[Item]:
    """Yield the values of *file* that hold something, in their order."""
    for number, root in enumerate(file.roots):
        for path, node in walk_scalars(root):
            if path[:1] == ("sops",):
                continue
            text = str(node.value)
            if is_encrypted_value(text):
                yield Item((number, path), True, tag_of(text).encode(), position(node), text)
                continue
            content = _hashed_value(node, file.form)
            if content:
                yield Item((number, path), False, content, position(node))


def empties_of(file: EncryptedFile) -> dict[Key, Empty]:
    """Return the places of *file* that hold nothing, which no MAC covers."""
    found: dict[Key, Empty] = {}
    for number, root in enumerate(file.roots):
        stack: list[tuple[yaml.Node, Path, frozenset[int]]] = [(root, (), frozenset())]
        while stack:
            node, path, above = stack.pop()
            if path[:1] == ("sops",) or id(node) in above:
                continue
            if not node.value or is_null(node):
                found[number, path] = Empty(_sort(node), position(node))
            elif not isinstance(node, yaml.ScalarNode):
                below = above | {id(node)}
                stack.extend((child, (*path, key), below) for key, child in _children(node))
    return dict(sorted(found.items(), key=lambda entry: (entry[0][0], entry[1].position)))


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        yield from enumerate(node.value)
    else:
        for key, value in node.value:
            yield str(key.value) if isinstance(key, yaml.ScalarNode) else "?", value


def _sort(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return "null" if is_null(node) else "text"
    return "map" if isinstance(node, yaml.MappingNode) else "list"


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


def hashed(items: Sequence[Item]) -> list[tuple[Path, bytes] | bytes]:
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
