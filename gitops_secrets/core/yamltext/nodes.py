"""YAML read for judging: documents as node graphs with positions, never as loaded objects.

Loading loses what a judge needs: of two equal keys it keeps the last, so an encrypted value can
hide a readable one. ``compose`` keeps both, with their lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from gitops_secrets.core.yamltext.nulls import is_null
from gitops_secrets.core.yamltext.places import Path as Path  # noqa: PLC0414 - said again for its callers
from gitops_secrets.core.yamltext.places import Position as Position  # noqa: PLC0414
from gitops_secrets.errors import InvalidDocumentError

MAX_DEPTH = 400
"""libyaml's composer calls itself for each level, and a few ten thousand end the process."""
_DEEP = re.compile(rb"(?m)^[ \t\0\-?:]{400}|(?:[-?:][ \t\0]+(?:[&!]\S*[ \t]+)*){200}")
"""What it matches is on one line, and has at least 400 bytes."""
_SPLIT_AT_MOST = 1024 * 1024
"""Of a larger content no second copy is made for its lines."""
_PAIR = re.compile(rb"[\[{][^\[\]{}\"'#\n]*[\]}]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""In which a bracket may be half of another character."""

_MAX_SCALARS = 1_000_000
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def position(node: yaml.Node) -> Position:
    """Return where *node* begins."""
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)


def compose_documents(content: bytes, name: str) -> list[yaml.Node]:
    """Return the root node of every document of *content* that is not empty.

    Raises InvalidDocumentError, naming *name* and the line, for what no YAML parser reads. The
    parser's own words are left out, for they quote the text.
    """
    return [node for node in compose_all(content, name) if not _is_null(node)]


def compose_all(content: bytes, name: str) -> list[yaml.Node]:
    """Return the root node of every document of *content*; the errors are those of compose_documents."""
    if is_deep(content):
        raise InvalidDocumentError(f"{name}: is nested more than {MAX_DEPTH} levels deep")
    try:
        return list(yaml.compose_all(content, _LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise InvalidDocumentError(f"{where}: not valid YAML") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise InvalidDocumentError(f"{name}: not valid YAML") from None


def is_deep(content: bytes) -> bool:
    """Return whether *content* is nested deeper than MAX_DEPTH, as its parser sees it."""
    if len(content) <= MAX_DEPTH or not _may_be_deep(content):
        return False
    depth = 0
    try:
        for event in yaml.parse(content, _LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except (yaml.YAMLError, UnicodeDecodeError):
        pass
    return False


def _may_be_deep(content: bytes) -> bool:
    """Return whether *content* has room for more than MAX_DEPTH levels: events cost more than all else here.

    A bracket that closes may stand in a comment or a string, and counts only together with the one
    that opens ahead of it on its line, with nothing between them that could begin either.
    """
    if _has_deep_line(content):
        return True
    openers = content.count(b"[") + content.count(b"{")
    if openers <= MAX_DEPTH:
        return False
    if content.startswith(_UTF_16):
        return True
    # Of the levels above any value, such a pair is one: the innermost.
    return openers - len(_PAIR.findall(content)) >= MAX_DEPTH


def _has_deep_line(content: bytes) -> bool:
    """Return whether a line of *content* has room for more than MAX_DEPTH levels: it has as many bytes."""
    if len(content) > _SPLIT_AT_MOST:
        return _DEEP.search(content) is not None
    return any(_DEEP.search(line) for line in content.split(b"\n") if len(line) >= MAX_DEPTH)


def is_yaml(content: bytes) -> bool:
    """Return whether *content* parses, in a tenth of the time that it takes to compose it.

    An alias without its anchor passes, only a composer sees that; what nests too deep to compose does not.
    """
    if is_deep(content):
        return False
    try:
        check = getattr(_LOADER(content), "raw_parse", None)
        if check is None:
            return all(yaml.parse(content, _LOADER))
        check()
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return False
    return True


def compose_single(content: bytes, name: str) -> yaml.MappingNode | None:
    """Return the one mapping of a file that people edit, or None if it is empty.

    Stricter than YAML, since such a file is about to be edited: several documents, duplicate keys,
    anchors and aliases raise InvalidDocumentError with the line, for an edit could change more than
    it shows.
    """
    root = single(compose_documents(content, name), name)
    if root is not None:
        refuse_anchors(content, name)
    return root


def single(documents: list[yaml.Node], name: str) -> yaml.MappingNode | None:
    """Return the one mapping in *documents*, or None if they are none; the errors are those of compose_single."""
    if not documents:
        return None
    if len(documents) > 1:
        raise InvalidDocumentError(
            f"{name}:{position(documents[1]).line}: holds several documents",
            f"keep one document in {name}",
        )
    root = documents[0]
    if not isinstance(root, yaml.MappingNode):
        raise InvalidDocumentError(f"{name}:{position(root).line}: is not a mapping")
    for node, key in duplicate_keys(root):
        raise InvalidDocumentError(
            f"{name}:{position(node)}: key {key!r} stands twice", "remove one of the two"
        )
    return root


def get(node: yaml.Node | None, *path: str | int) -> yaml.Node | None:
    """Return the node at *path* below *node*, or None. Of duplicate keys, the last, as loaders do."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(node, yaml.SequenceNode) or step >= len(node.value):
                return None
            node = node.value[step]
            continue
        if not isinstance(node, yaml.MappingNode):
            return None
        found = None
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == step:
                found = value
        node = found
    return node


def text(node: yaml.Node | None, *path: str | int) -> str | None:
    """Return the scalar text at *path* below *node*; None if there is none, or a null."""
    found = get(node, *path)
    if not isinstance(found, yaml.ScalarNode) or _is_null(found):
        return None
    return str(found.value)


def items(node: yaml.Node | None, *path: str | int) -> list[yaml.Node]:
    """Return the elements of the list at *path* below *node*; none if there is no list."""
    found = get(node, *path)
    return list(found.value) if isinstance(found, yaml.SequenceNode) else []


def entries(node: yaml.Node | None, *path: str | int) -> list[tuple[str, yaml.Node]]:
    """Return the scalar-keyed entries of the mapping at *path*, duplicates included, in order."""
    found = get(node, *path)
    if not isinstance(found, yaml.MappingNode):
        return []
    return [(str(k.value), v) for k, v in found.value if isinstance(k, yaml.ScalarNode)]


def to_value(node: yaml.Node | None) -> object:
    """Return *node* as plain dicts, lists and strings; every scalar as the text it is written as."""
    if isinstance(node, yaml.MappingNode):
        return {str(k.value): to_value(v) for k, v in node.value if isinstance(k, yaml.ScalarNode)}
    if isinstance(node, yaml.SequenceNode):
        return [to_value(item) for item in node.value]
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def walk_scalars(node: yaml.Node, path: Path = ()) -> Iterator[tuple[Path, yaml.ScalarNode]]:
    """Yield every scalar value below *node* with its path, in document order; keys are not values.

    An alias yields its target's scalars once for each place; a cycle ends where it closes. Raises
    InvalidDocumentError beyond _MAX_SCALARS: aliases of aliases stand for more than fits into memory.
    """
    count = 0
    stack: list[tuple[yaml.Node, Path, frozenset[int]]] = [(node, path, frozenset())]
    while stack:
        current, here, above = stack.pop()
        count += 1
        if count > _MAX_SCALARS:
            line = node.start_mark.line + 1
            raise InvalidDocumentError(
                f"line {line}: its aliases stand for more than {_MAX_SCALARS} values"
            )
        if isinstance(current, yaml.ScalarNode):
            yield here, current
            continue
        if id(current) in above:
            continue
        above |= {id(current)}
        children: list[tuple[yaml.Node, Path, frozenset[int]]] = []
        if isinstance(current, yaml.MappingNode):
            children = [(v, (*here, _key_text(k)), above) for k, v in current.value]
        elif isinstance(current, yaml.SequenceNode):
            children = [(v, (*here, i), above) for i, v in enumerate(current.value)]
        stack.extend(reversed(children))


def duplicate_keys(node: yaml.Node) -> Iterator[tuple[yaml.Node, str]]:
    """Yield each key node that repeats a sibling's, with its text."""
    stack, seen_nodes = [node], set()
    while stack:
        current = stack.pop()
        if id(current) in seen_nodes:
            continue
        seen_nodes.add(id(current))
        if isinstance(current, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in current.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in seen:
                        yield key, str(key.value)
                    seen.add(key.value)
                stack.append(value)
        elif isinstance(current, yaml.SequenceNode):
            stack.extend(current.value)


def refuse_anchors(content: bytes, name: str) -> None:
    """Raise InvalidDocumentError, with the line, if *content* has an anchor or alias."""
    try:
        events = yaml.parse(content, _LOADER)
        found = next((event for event in events if getattr(event, "anchor", None)), None)
    except (yaml.YAMLError, UnicodeDecodeError):
        return  # whoever composes it says so
    if found is not None and found.start_mark:
        raise InvalidDocumentError(
            f"{name}:{found.start_mark.line + 1}: holds an anchor or alias",
            "write the value out in both places",
        )


def _is_null(node: yaml.Node | None) -> bool:
    return node is None or is_null(node)


def _key_text(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else "?"
