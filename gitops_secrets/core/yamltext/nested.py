"""An edit of one mapping inside a document that people wrote: every byte outside it stays."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from gitops_secrets.core.yamltext.nodes import compose_single, get, to_value
from gitops_secrets.core.yamltext.splice import Lines
from gitops_secrets.errors import InvalidDocumentError


def edit_block(
    content: bytes, name: str, keys: tuple[str, ...], edit: Callable[[bytes], bytes]
) -> bytes:
    """Return *content* with the block mapping at *keys* edited as if it were a document of its own.

    Where the last of *keys* is missing it is made, at the end of the mapping above it. Raises
    InvalidDocumentError, naming *name*, for a document that cannot be edited safely.
    """
    lines = Lines(content, name)
    node, parent = get(lines.root, *keys), get(lines.root, *keys[:-1])
    if not _is_block(parent) or not (node is None or _is_block(node)):
        raise InvalidDocumentError(
            f"{name}: {'.'.join(keys)} is not written in block style",
            f"write {'.'.join(keys)} in {name} with a key a line",
        )
    assert parent is not None
    if node is None:
        pad = " " * parent.start_mark.column
        start = end = lines.after(parent)
        head, indent, old = [f"{pad}{keys[-1]}:"], len(pad) + 2, b""
    else:
        start, end, indent, head = (
            int(node.start_mark.line),
            lines.after(node),
            int(node.start_mark.column),
            [],
        )
        block = [line[indent:] if not line[:indent].strip() else line.lstrip() for line in lines.lines[start:end]]  # fmt: skip
        old = ("\n".join(block) + "\n").encode()
    new = edit(old)
    if new == old:
        return content
    written = new.decode().removesuffix("\n").split("\n")
    added = [*head, *(f"{' ' * indent}{line}" if line else "" for line in written)]
    lines.lines[start:end] = added
    if start + len(added) == len(lines.lines):
        lines.lines.append("")
    expected = to_value(lines.root)
    above = expected
    for key in keys[:-1]:
        assert isinstance(above, dict)
        above = above[key]
    assert isinstance(above, dict)
    above[keys[-1]] = to_value(compose_single(new, name))
    return lines.proven(expected)


def _is_block(node: yaml.Node | None) -> bool:
    return isinstance(node, yaml.MappingNode) and not node.flow_style and bool(node.value)
