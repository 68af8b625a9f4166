"""The recipients of a creation rule as a list with a line for each, however they are written."""

from __future__ import annotations

import yaml

from gitops_secrets.core.yamltext.nodes import items, text, to_value
from gitops_secrets.core.yamltext.splice import Lines
from gitops_secrets.errors import InvalidDocumentError

_KEY = "age"


def as_list(rule: bytes, name: str) -> bytes:
    """Return the mapping *rule* of the file *name* with ``age`` as a block list of the same recipients.

    A text with commas, folded or not, and a list in brackets become one. A comment behind it stays: on the
    line of the recipient if there is one, else behind the key. Raises InvalidDocumentError if ``age`` is
    missing there, or is made by a merge key or an alias.
    """
    lines = Lines(rule, name)
    pair = next((p for p in lines.root.value if p[0].value == _KEY), None) if lines.root else None
    if pair is None:
        raise InvalidDocumentError(f"{name}: {_KEY} is not in the rule itself")
    key, node = pair
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return rule
    texts = [text(node)] if isinstance(node, yaml.ScalarNode) else [text(e) for e in items(node)]
    values = [v.strip() for t in texts for v in (t or "").split(",") if v.strip()]
    start = int(key.start_mark.line)
    comment = _comment(lines, node, start)
    listed = [f"  - {value}" for value in values]
    head = "age:"
    if comment and len(listed) == 1:
        listed = [f"{listed[0]} {comment}"]
    elif comment:
        head = f"age: {comment}"
    lines.lines[start : lines.after(node)] = [head, *listed]
    if start + len(listed) + 1 == len(lines.lines):
        lines.lines.append("")
    old = to_value(lines.root)
    assert isinstance(old, dict)
    return lines.proven({**old, _KEY: values})


def _comment(lines: Lines, node: yaml.Node, start: int) -> str:
    """Return the comment behind the value, or behind the mark that a folded one begins with."""
    is_block = isinstance(node, yaml.ScalarNode) and node.style in (">", "|")
    row, column = (
        (start, node.start_mark.column) if is_block else (node.end_mark.line, node.end_mark.column)
    )
    _, mark, words = lines.lines[row][column:].partition("#")
    return f"#{words}".rstrip() if mark else ""
