"""An edit of one mapping inside a document that people wrote: every byte outside it stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from gitops_secrets.core.yamltext.nodes import compose_single, get, to_value
from gitops_secrets.core.yamltext.splice import Lines
from gitops_secrets.errors import InvalidDocumentError

_SPLIT = re.compile(rb"(?m)^---(?=[ \t\r\n]|\Z).*\n?")


def edit_document(content: bytes, line: int, edit: Callable[[bytes], bytes]) -> bytes:
    """Return *content* with the document that *line* is in edited as if it were alone in its file.

    Lines count from 1. Raises what *edit* raises.
    """
    starts = [0, *(match.end() for match in _SPLIT.finditer(content))]
    ends = [*(match.start() for match in _SPLIT.finditer(content)), len(content)]
    for start, end in zip(reversed(starts), reversed(ends), strict=True):
        if content.count(b"\n", 0, start) < line:
            return content[:start] + edit(content[start:end]) + content[end:]
    return content


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


def _is_block(node: yaml.Node | None) -> bool:
    return isinstance(node, yaml.MappingNode) and not node.flow_style and bool(node.value)
