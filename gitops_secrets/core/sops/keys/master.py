"""The master keys of an encrypted file: what sops is to see of them, and how the rest comes back.

sops would contact or run what any master key names. So it is given another ``sops`` block in place
of the file's: written here, of known fields only, with age's keys and those that the user allows. The
MAC covers values, not the block, and still fits. What cannot be read with certainty is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.sops.keys.fields import Choice, Dropped, choose_fields
from gitops_secrets.core.sops.keys.managers import Allowed
from gitops_secrets.core.yamltext.jsonspans import Member, members
from gitops_secrets.core.yamltext.nodes import (
    compose_documents,
    duplicate_keys,
    get,
    refuse_anchors,
    text,
    to_value,
)
from gitops_secrets.errors import InvalidDocumentError

_BLOCK = "sops"
_STAMPS = ("lastmodified", "mac")
"""The fields of a block that a changed value changes; all others say who reads the file, and how."""
_STRING = "tag:yaml.org,2002:str"
_NO_NEWLINES = re.compile("\r(?!\n)|[\x85\u2028\u2029\ufeff\x00]")


class Reduced(NamedTuple):
    """A file as sops is to see it."""

    content: bytes
    dropped: tuple[Dropped, ...]
    kept: frozenset[str]
    """The kinds, beside age, of the master keys that are left."""


class _Place(NamedTuple):
    """Where one document has its block, from the key to the end of the value, and what it holds."""

    start: int
    end: int
    choice: Choice


def reduce_keys(content: bytes, path: str, allowed: Allowed) -> Reduced:
    """Return the encrypted file *content* without the master keys that *allowed* does not hold.

    Every value stays as it is, byte for byte. Raises GitOpsSecretsError for a file whose ``sops``
    block cannot be read with certainty, and where too few of its key groups would be left.
    """
    decoded = _decode(content, path)
    places = list(_places(decoded, path, allowed))
    for place in reversed(places):
        newline = "\n" if decoded[place.end - 1 : place.end] == "\n" else ""
        replaced = f'"{_BLOCK}": {json.dumps(place.choice.block)}{newline}'
        decoded = decoded[: place.start] + replaced + decoded[place.end :]
    reduced = decoded.encode()
    _prove(content, reduced, path, [place.choice.block for place in places])
    return Reduced(
        reduced,
        tuple(dict.fromkeys(key for place in places for key in place.choice.dropped)),
        frozenset(kind for place in places for kind in place.choice.kept),
    )


def restore_keys(before: bytes, after: bytes, path: str) -> bytes:
    """Return *after*, which sops made of reduced *before*, with the block that *before* has.

    Of the block only the MAC and its time are *after*'s: whoever could read the file still can.
    Raises GitOpsSecretsError if the file is laid out in a way that does not allow it.
    """
    old, new = _decode(before, path), _decode(after, path)
    (start, end), stamps = _block(old, path)
    (to, until), fresh = _block(new, path)
    segment = old[start:end]
    for name in sorted(_STAMPS, key=lambda name: stamps[name], reverse=True):
        (at, stop), (here, there) = stamps[name], fresh[name]
        segment = segment[: at - start] + new[here:there] + segment[stop - start :]
    if new[until - 1] == "\n" and not segment.endswith("\n"):
        segment += "\n"
    result = (new[:to] + segment + new[until:]).encode()
    expected = to_value(get(_single(before, path), _BLOCK))
    assert isinstance(expected, dict)
    expected |= {name: text(_single(after, path), _BLOCK, name) for name in _STAMPS}
    _prove(after, result, path, [expected])
    return result


def _decode(content: bytes, path: str) -> str:
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidDocumentError(f"{path}: is not UTF-8") from None
    if _NO_NEWLINES.search(decoded):
        raise InvalidDocumentError(f"{path}: has line breaks that are not plain newlines")
    return decoded


def _roots(content: bytes, path: str) -> list[yaml.MappingNode]:
    """Return the documents, each a mapping whose keys no reader could take for others."""
    documents = compose_documents(content, path)
    refuse_anchors(content, path)
    found = []
    for root in documents:
        if not isinstance(root, yaml.MappingNode):
            raise InvalidDocumentError(f"{path}:{root.start_mark.line + 1}: is not a mapping")
        _check_keys(root, path)
        found.append(root)
    return found


def _single(content: bytes, path: str) -> yaml.MappingNode:
    roots = _roots(content, path)
    if len(roots) != 1:
        raise InvalidDocumentError(f"{path}: holds several documents")
    return roots[0]


def _check_keys(root: yaml.MappingNode, path: str) -> None:
    for node, key in duplicate_keys(root):
        raise InvalidDocumentError(
            f"{path}:{node.start_mark.line + 1}: key {key!r} stands twice", "remove one of the two"
        )
    block = get(root, _BLOCK)
    for holder in _mappings(root, block):
        for key, _ in holder.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            # A merge key is one for sops' reader even in quotes.
            is_plain = isinstance(key, yaml.ScalarNode) and key.tag == _STRING and name != "<<"
            if not is_plain or (holder is root and name != _BLOCK and name.casefold() == _BLOCK):
                raise InvalidDocumentError(
                    f"{path}:{key.start_mark.line + 1}: a key is written in a way that sops may read otherwise",
                    "write the keys of the sops block, and those beside it, as plain words",
                )


def _mappings(root: yaml.MappingNode, block: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """Yield *root*, and every mapping of its ``sops`` block."""
    yield root
    stack = [block]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.MappingNode):
            yield node
            stack.extend(value for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)


def _places(decoded: str, path: str, allowed: Allowed) -> Iterator[_Place]:
    for root in _roots(decoded.encode(), path):
        node = get(root, _BLOCK)
        if node is None:
            continue
        if not isinstance(node, yaml.MappingNode):
            raise InvalidDocumentError(f"{path}:{node.start_mark.line + 1}: sops is not a mapping")
        start, end = _span(decoded, root, path)
        yield _Place(start, end, choose_fields(node, path, allowed))


def _block(decoded: str, path: str) -> tuple[tuple[int, int], dict[str, tuple[int, int]]]:
    """Return where the one document has its block, and there each of _STAMPS has its value."""
    root = _single(decoded.encode(), path)
    span = _span(decoded, root, path)
    if _is_json(path):
        inner = _members(decoded, decoded.find("{", span[0]), path)
        if not all(name in inner for name in _STAMPS):
            raise InvalidDocumentError(f"{path}: its sops block has no MAC")
        return span, {name: (inner[name].value, inner[name].end) for name in _STAMPS}
    offset = _offsets(decoded)
    stamps = {}
    for name in _STAMPS:
        node = get(root, _BLOCK, name)
        if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
            raise InvalidDocumentError(f"{path}: the {name} of its sops block is not on one line")
        stamps[name] = (offset(node.start_mark), offset(node.end_mark))
    return span, stamps


def _span(decoded: str, root: yaml.MappingNode, path: str) -> tuple[int, int]:
    """Return where *root*'s ``sops`` entry begins and ends."""
    if _is_json(path):
        found = _members(decoded, decoded.find("{"), path)
        if list(found) != [key.value for key, _ in root.value]:
            raise InvalidDocumentError(f"{path}: is not plain JSON")
        return found[_BLOCK].key, found[_BLOCK].end
    offset = _offsets(decoded)
    key, node = next((k, v) for k, v in root.value if k.value == _BLOCK)
    end = offset(node.end_mark)
    while not node.flow_style and decoded[end - 1] == "\n":
        # The parser ends a block at the next token. Comments before that are the next key's.
        start = decoded.rfind("\n", 0, end - 1) + 1
        line = decoded[start:end]
        if line.strip() and not line.startswith("#"):
            break
        end = start
    return offset(key.start_mark), end


def _members(decoded: str, at: int, path: str) -> dict[str, Member]:
    try:
        return members(decoded, at)
    except InvalidDocumentError as error:
        raise InvalidDocumentError(f"{path}: {error.message}", *error.hints) from None


def _offsets(decoded: str) -> Callable[[yaml.Mark], int]:
    """Return what turns a parser's mark into a place in *decoded*."""
    starts = [0, *(match.end() for match in re.finditer("\n", decoded)), len(decoded)]
    return lambda mark: starts[mark.line] + mark.column


def _prove(content: bytes, result: bytes, path: str, blocks: Sequence[dict[str, object]]) -> None:
    """Raise unless *result* reads as *content* does, with *blocks* in place of its own."""
    expected = [to_value(root) for root in _roots(content, path)]
    wanted = iter(blocks)
    for document in expected:
        assert isinstance(document, dict)
        if _BLOCK in document:
            document[_BLOCK] = _as_text(next(wanted))
    try:
        is_meant = [to_value(root) for root in _roots(result, path)] == expected
    except InvalidDocumentError:
        is_meant = False
    if not is_meant:
        raise InvalidDocumentError(
            f"{path}: its sops block is laid out in a way that cannot be edited safely",
            "write the block as sops does, in block style",
        )


def _as_text(value: object) -> object:
    if isinstance(value, dict):
        return {k: _as_text(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_as_text(v) for v in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_json(path: str) -> bool:
    return path.endswith(".json")
