"""Edits of YAML that people wrote: what is added is added, and every other byte stays.

Each edit is a pure function from text to text at positions that the parser gave, and is proven
before it is returned: what the new text parses to is what the old one did, and the change.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import yaml

from gitops_secrets.core.yamltext.aliases import compose_placed
from gitops_secrets.core.yamltext.nodes import compose_single, get, to_value
from gitops_secrets.errors import InvalidDocumentError


class Item(NamedTuple):
    """A list element to add: as block-style lines (without the dash), and as the value they parse to."""

    lines: tuple[str, ...]
    value: object


def scalar_item(value: str) -> Item:
    """Return *value* as a list element, quoted where YAML would read it as anything but a string."""
    return Item((quote(value),), value)


def quote(value: str) -> str:
    """Return *value* as a YAML scalar: plain if that is safe, else single or double quoted."""
    try:
        node = yaml.compose(value, yaml.SafeLoader)
    except yaml.YAMLError:
        node = None
    plain = (
        isinstance(node, yaml.ScalarNode)
        and node.value == value
        and node.tag == "tag:yaml.org,2002:str"
        and " #" not in value
        # What one reader takes for a string another takes for a number or a boolean: 1e3, y.
        and (value.startswith(("./", "../")) or not re.match(r"[-+.0-9]|[yYnN]$", value))
    )
    if plain:
        return value
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    # YAML's own escapes: JSON's write what lies beyond the first plane as surrogates.
    return '"' + "".join(c if c.isalnum() else f"\\U{ord(c):08x}" for c in value) + '"'


def insert_item(
    content: bytes,
    name: str,
    key: str,
    item: Item,
    index: int | None = None,
    *,
    aliases: bool = False,
) -> bytes:
    """Return *content* with *item* put into the list under top-level *key*, before *index* or last.

    The key is made if it is missing, at the end of the document. Raises InvalidDocumentError,
    naming *name*, for a file that cannot be edited safely (compose_single) or a key that holds no list.
    With *aliases*, anchors and aliases are no reason, as long as none of them changes with the list.
    """
    text = Lines(content, name, aliases=aliases)
    sequence = get(text.root, key)
    if not isinstance(sequence, yaml.SequenceNode) or not sequence.value:
        text.add_list(key, sequence, item)
    elif sequence.flow_style:
        text.insert_flow(sequence, index, item)
    else:
        text.insert_block(sequence, index, item)
    old = to_value(text.root) if text.root is not None else {}
    assert isinstance(old, dict)
    elements = list(old[key]) if isinstance(old.get(key), list) else []
    elements.insert(len(elements) if index is None else index, _as_text(item.value))
    return text.proven({**old, key: elements})


def replace_item(
    content: bytes, name: str, key: str, index: int, item: Item, *, aliases: bool = False
) -> bytes:
    """Return *content* with element *index* of the block list under *key* replaced by *item*.

    The errors, and *aliases*, are those of insert_item.
    """
    text = Lines(content, name, aliases=aliases)
    sequence = get(text.root, key)
    if not isinstance(sequence, yaml.SequenceNode) or sequence.flow_style:
        raise InvalidDocumentError(
            f"{name}: {key} is not a block list", f"write {key} in {name} as a list, a dash a line"
        )
    text.replace_block(sequence, index, item)
    old = to_value(text.root)
    assert isinstance(old, dict)
    elements = list(old[key])
    elements[index] = _as_text(item.value)
    return text.proven({**old, key: elements})


def remove_item(content: bytes, name: str, key: str, index: int) -> bytes:
    """Return *content* without element *index* of the block list under *key*, which has others.

    The errors are those of insert_item.
    """
    text = Lines(content, name)
    sequence = get(text.root, key)
    assert isinstance(sequence, yaml.SequenceNode)
    text.remove_block(sequence, index)
    old = to_value(text.root)
    assert isinstance(old, dict)
    elements = list(old[key])
    del elements[index]
    return text.proven({**old, key: elements})


class Lines:
    """A document's lines while one edit is made."""

    def __init__(self, content: bytes, name: str, *, aliases: bool = False) -> None:
        self.name = name
        self._aliases = aliases
        self._placed: frozenset[int] = frozenset()
        self.root = self._compose(content)
        try:
            decoded = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidDocumentError(f"{name}: is not UTF-8") from None
        self.bom = content.startswith(b"\xef\xbb\xbf")
        self.newline = "\r\n" if "\r\n" in decoded else "\n"
        decoded = decoded.replace("\r\n", "\n")
        if any(c in decoded for c in "\r\x85\u2028\u2029"):
            raise InvalidDocumentError(f"{name}: has line breaks that are not plain newlines")
        self.lines = decoded.split("\n")

    def add_list(self, key: str, node: yaml.Node | None, item: Item) -> None:
        """Put a list with *item* under *key*, which is missing or null."""
        indent = self._sequence_indent()
        block = _dashed(item, indent)
        if node is None:
            if self.root is not None and self.root.flow_style:
                raise InvalidDocumentError(
                    f"{self.name}: is written in flow style",
                    "write it in block style, a key a line",
                )
            at = self.after(self.root) if self.root is not None else self._end()
            self.lines[at:at] = [f"{key}:", *block]
            if at == len(self.lines) - len(block) - 1:
                self.lines.append("")
            return
        if not (isinstance(node, yaml.SequenceNode) or to_value(node) in ("", "null", "~")):
            raise InvalidDocumentError(
                f"{self.name}: {key} is not a list",
                f"write it in {self.name} with a dash for each element",
            )
        row = node.start_mark.line
        if node.end_mark.column > node.start_mark.column:
            self._cut(node)
        self.lines[row + 1 : row + 1] = block

    def insert_block(self, sequence: yaml.SequenceNode, index: int | None, item: Item) -> None:
        """Put *item* before element *index* of a block list, or after its last."""
        column = self._column(sequence)
        block = _dashed(item, column)
        if index is None or index >= len(sequence.value):
            at = self.after(sequence)
        else:
            at = self._dash_line(sequence.value[index])
            while at > 0 and self._is_comment_at(at - 1, column):
                at -= 1
        self.lines[at:at] = block
        if at == len(self.lines) - len(block):
            self.lines.append("")

    def replace_block(self, sequence: yaml.SequenceNode, index: int, item: Item) -> None:
        """Put *item* in the place of element *index* of a block list."""
        element = sequence.value[index]
        self.lines[self._dash_line(element) : self.after(element)] = _dashed(
            item, self._column(sequence)
        )

    def remove_block(self, sequence: yaml.SequenceNode, index: int) -> None:
        """Take element *index* out of a block list."""
        element = sequence.value[index]
        del self.lines[self._dash_line(element) : self.after(element)]

    def insert_flow(self, sequence: yaml.SequenceNode, index: int | None, item: Item) -> None:
        """Put *item*, which is one scalar, into a list that is written in brackets."""
        if len(item.lines) > 1:
            raise InvalidDocumentError(
                f"{self.name}:{sequence.start_mark.line + 1}: a list is written in brackets",
                f"write it in {self.name} as a list with a dash for each element",
            )
        rendered = json.dumps(item.value, ensure_ascii=False)
        if index is not None and index < len(sequence.value):
            mark = sequence.value[index].start_mark
            row, column, rendered = mark.line, mark.column, f"{rendered}, "
        else:
            mark = sequence.value[-1].end_mark
            row, column, rendered = mark.line, mark.column, f", {rendered}"
        self.lines[row] = self.lines[row][:column] + rendered + self.lines[row][column:]

    def proven(self, expected: object) -> bytes:
        """Return the text as bytes, once it has been read back as *expected*."""
        result = self.newline.join(self.lines).encode()
        if self.bom:
            result = b"\xef\xbb\xbf" + result
        try:
            is_meant = to_value(self._compose(result)) == expected
        except InvalidDocumentError:
            is_meant = False
        if not is_meant:
            raise InvalidDocumentError(
                f"{self.name}: is laid out in a way that cannot be edited safely",
                f"write {self.name} in plain block style, one key or list element a line",
            )
        return result

    def _sequence_indent(self) -> int:
        """Return how far the file indents its top-level lists; 2 if it has none."""
        for _, value in self.root.value if self.root is not None else ():
            if isinstance(value, yaml.SequenceNode) and not value.flow_style and value.value:
                return self._column(value)
        return 2

    def _column(self, sequence: yaml.SequenceNode) -> int:
        """Return the column of the dashes: an anchor of the list stands elsewhere."""
        line = self.lines[self._dash_line(sequence.value[0])]
        return len(line) - len(line.lstrip(" "))

    def _dash_line(self, element: yaml.Node) -> int:
        row = int(element.start_mark.line)
        before = self.lines[row][: element.start_mark.column]
        while not before.rstrip().endswith("-"):
            row -= 1
            before = self.lines[row].split("#", 1)[0]
        return row

    def after(self, node: yaml.Node) -> int:
        """Return the line below the last line that *node* occupies."""
        last = self._last_leaf(node)
        mark = last.end_mark
        row = int(mark.line)
        if mark.column == 0 and row > last.start_mark.line:
            while row > 0 and not self.lines[row - 1].strip():
                row -= 1
            return row
        return row + 1

    def _last_leaf(self, node: yaml.Node) -> yaml.Node:
        while isinstance(node, (yaml.MappingNode, yaml.SequenceNode)) and node.value:
            if node.flow_style or id(node) in self._placed:
                return node
            last = node.value[-1]
            node = last[1] if isinstance(last, tuple) else last
            if isinstance(last, tuple) and isinstance(node, yaml.ScalarNode) and node.value == "":
                return last[0]  # type: ignore[no-any-return]
        return node

    def _compose(self, content: bytes) -> yaml.MappingNode | None:
        if not self._aliases:
            return compose_single(content, self.name)
        root, self._placed = compose_placed(content, self.name)
        return root

    def _end(self) -> int:
        row = len(self.lines)
        while row > 0 and not self.lines[row - 1].strip():
            row -= 1
        return row

    def _is_comment_at(self, row: int, column: int) -> bool:
        line = self.lines[row]
        return line.lstrip().startswith("#") and len(line) - len(line.lstrip()) == column

    def _cut(self, node: yaml.Node) -> None:
        row = node.start_mark.line
        line = self.lines[row]
        self.lines[row] = line[: node.start_mark.column].rstrip() + line[node.end_mark.column :]


def _dashed(item: Item, indent: int) -> list[str]:
    first, *rest = item.lines
    pad = " " * indent
    return [f"{pad}- {first}", *(f"{pad}  {line}" if line else "" for line in rest)]


def _as_text(value: object) -> object:
    if isinstance(value, dict):
        return {k: _as_text(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_text(v) for v in value]
    return str(value)
