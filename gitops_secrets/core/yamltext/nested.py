"""An edit of one mapping inside a document that people wrote: every byte outside it stays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import yaml

from gitops_secrets.core.yamltext.nodes import compose_all, compose_single, get, to_value
from gitops_secrets.core.yamltext.splice import Item, Lines, insert_item, quote
from gitops_secrets.errors import InvalidDocumentError

_SPLIT = re.compile(rb"(?m)^---(?=[ \t\r\n]|\Z).*\n?")


def edit_document(content: bytes, line: int, edit: Callable[[bytes], bytes]) -> bytes:
    """Return *content* with the document that *line* is in edited as if it were alone in its file.

    Lines count from 1. Raises what *edit* raises.
    """
    for start, end in reversed(_spans(content)):
        if content.count(b"\n", 0, start) < line:
            return content[:start] + edit(content[start:end]) + content[end:]
    return content


def split_documents(content: bytes) -> list[bytes]:
    """Return the text of each document, its comments included, without what separates them."""
    texts = [content[start:end] for start, end in _spans(content)]
    if len(texts) > 1 and not compose_all(texts[0], ""):
        # Comments before the first separator are no document.
        texts[:2] = [texts[0] + texts[1]]
    return texts


def _spans(content: bytes) -> list[tuple[int, int]]:
    """Return where the text between the separators of documents begins and ends."""
    separators = [match.span() for match in _SPLIT.finditer(content)]
    starts = [0, *(end for _, end in separators)]
    ends = [*(start for start, _ in separators), len(content)]
    return list(zip(starts, ends, strict=True))


def edit_block(
    content: bytes, name: str, keys: tuple[str | int, ...], edit: Callable[[bytes], bytes]
) -> bytes:
    """Return *content* with the block mapping at *keys* edited as if it were a document of its own.

    Without *keys* the document itself is edited. If the last of *keys* is missing it is added, at the end
    of the mapping above it. Anchors and aliases outside it are no reason to refuse. Raises InvalidDocumentError, naming *name*, for a document that cannot be
    edited safely.
    """
    if not keys:
        return edit(content)
    lines = Lines(content, name, aliases=True)
    node, parent = get(lines.root, *keys), get(lines.root, *keys[:-1])
    if not _is_block(node if node is not None else parent):
        raise InvalidDocumentError(
            f"{name}: {'.'.join(map(str, keys))} is not written in block style",
            f"write {'.'.join(map(str, keys))} in {name} with a key a line",
        )
    assert parent is not None
    if node is None:
        pad = " " * parent.start_mark.column
        start = end = lines.after(parent)
        head, indent, old = [f"{pad}{keys[-1]}:"], len(pad) + 2, b""
        first = " " * indent
    else:
        start, end, indent, head = (
            int(node.start_mark.line),
            lines.after(node),
            int(node.start_mark.column),
            [],
        )
        # In a list the first line begins with a dash.
        first = lines.lines[start][:indent]
        block = [lines.lines[start][indent:]]
        block += [line[indent:] if not line[:indent].strip() else line.lstrip() for line in lines.lines[start + 1:end]]  # fmt: skip
        old = ("\n".join(block) + "\n").encode()
    new = edit(old)
    if new == old:
        return content
    written = new.decode().removesuffix("\n").split("\n")
    pads = [first, *(" " * indent for _ in written[1:])]
    added = [
        *head,
        *(f"{pad}{line}" if line else "" for pad, line in zip(pads, written, strict=True)),
    ]
    lines.lines[start:end] = added
    if start + len(added) == len(lines.lines):
        lines.lines.append("")
    expected = to_value(lines.root)
    above: Any = expected
    for key in keys[:-1]:
        above = above[key]
    above[keys[-1]] = to_value(compose_single(new, name))
    return lines.proven(expected)


def add_key(
    content: bytes, name: str, keys: tuple[str | int, ...], key: str, value: dict[str, str] | str
) -> bytes:
    """Return *content* with *key* and its *value* last in the mapping at *keys*, in the style that it is written in.

    The mapping has other keys, and not *key*. Raises what edit_block does.
    """
    lines = Lines(content, name, aliases=True)
    if _is_flow(get(lines.root, *keys)):
        return _add_in_braces(lines, keys, key, value)
    added = [f"{key}: {quote(value)}"] if isinstance(value, str) else [f"{key}:"]
    if isinstance(value, dict):
        added += [f"  {inner}: {quote(held)}" for inner, held in value.items()]
    more = "".join(f"{line}\n" for line in added).encode()
    return edit_block(content, name, keys, lambda block: block + more)


def add_element(
    content: bytes, name: str, keys: tuple[str | int, ...], key: str, item: Item
) -> bytes:
    """Return *content* with *item* last in the list under *key* of the mapping at *keys*, which is made if it is missing.

    Raises what edit_block and insert_item do.
    """
    lines = Lines(content, name, aliases=True)
    mapping = get(lines.root, *keys)
    if _is_flow(mapping) and get(mapping, key) is None:
        return _add_in_braces(lines, keys, key, [item.value])
    return edit_block(content, name, keys, lambda block: insert_item(block, name, key, item))


def _add_in_braces(lines: Lines, keys: tuple[str | int, ...], key: str, value: object) -> bytes:
    mapping = get(lines.root, *keys)
    assert isinstance(mapping, yaml.MappingNode)
    last_key, last = mapping.value[-1]
    # JSON takes no other quotes.
    is_json = last_key.style == '"'
    written = json.dumps({key: value}, ensure_ascii=False) if is_json else _braced({key: value})
    row, column = last.end_mark.line, last.end_mark.column
    line = lines.lines[row]
    lines.lines[row] = f"{line[:column]}, {written[1:-1]}{line[column:]}"
    expected = to_value(lines.root)
    above: Any = expected
    for step in keys:
        above = above[step]
    above[key] = value
    return lines.proven(expected)


def _braced(value: object) -> str:
    """Return *value* as YAML writes it in braces and brackets."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_braced(held)}' for key, held in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_braced, value))}]"
    text = str(value)
    return quote(text) if text.isprintable() else json.dumps(text, ensure_ascii=False)


def _is_flow(node: yaml.Node | None) -> bool:
    return isinstance(node, yaml.MappingNode) and bool(node.flow_style) and bool(node.value)


def _is_block(node: yaml.Node | None) -> bool:
    return isinstance(node, yaml.MappingNode) and not node.flow_style and bool(node.value)
