"""Small questions to YAML nodes, answered as the readers of Kubernetes would."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from gitops_secrets.core.guard.read.composing import BINARY, MERGE, LimitError
from gitops_secrets.core.yamltext.nulls import is_null

Pairs = list[tuple[str | None, yaml.Node, yaml.Node]]
"""(key text, key, value) of each entry; the text is None for a key that is not a scalar, and for ``<<``."""

_MAX_PAIRS = 20_000
"""What one mapping may merge: more is no use, and each mapping could merge all of a large one."""


def scalar(node: yaml.Node | None) -> str | None:
    """Return the text of a scalar node, decoded where it is tagged binary; None for a null or no scalar.

    ``{{ "text" }}``, which YAML takes for two mappings, is the template that a chart means by it.
    """
    if isinstance(node, yaml.MappingNode):
        return _template(node)
    if not isinstance(node, yaml.ScalarNode) or is_null(node):
        return None
    value = str(node.value)
    if node.tag == BINARY:
        from gitops_secrets.core.guard.read.encoding import from_base64

        decoded = from_base64(value, shortest=1)
        return decoded.decode("latin-1") if decoded is not None else value
    return value


def _template(node: yaml.MappingNode) -> str | None:
    """Return the template with a quoted text that *node* is read from; None if it is another mapping."""
    inner = node.value[0][0] if len(node.value) == 1 else None
    if not isinstance(inner, yaml.MappingNode) or len(inner.value) != 1:
        return None
    said = inner.value[0][0]
    if not isinstance(said, yaml.ScalarNode):
        return None
    if said.style in ("'", '"'):
        return f"{{{{ {said.style}{said.value}{said.style} }}}}"
    return f"{{{{ {said.value} }}}}" if '"' in said.value or "'" in said.value else None


def _is_merge(key: yaml.Node) -> bool:
    """Return whether *key* merges its value in: by its text, or by its tag, whatever its text is."""
    return isinstance(key, yaml.ScalarNode) and (key.value == "<<" or key.tag == MERGE)


def _named(key: yaml.Node, value: yaml.Node) -> Pairs:
    """Return the entry of *key*; two where it is tagged binary, since some readers take it as it is written."""
    text = scalar(key)
    if isinstance(key, yaml.ScalarNode) and key.tag == BINARY and text != key.value:
        return [(str(key.value), key, value), (text, key, value)]
    return [(text, key, value)]


def pairs(node: yaml.MappingNode) -> Pairs:
    """Return (key text, key, value) of each entry in order, duplicates and merged mappings included.

    What ``<<``, or a key tagged as one, merges in comes first, since the mapping's own keys win. Raises LimitError beyond
    _MAX_PAIRS of that.
    """
    merged: Pairs = []
    own: Pairs = []
    for key, value in node.value:
        if _is_merge(key):
            merged.extend(_merged(value, {id(node)}))
            own.append((None if key.value == "<<" else scalar(key), key, value))
        else:
            own.extend(_named(key, value))
    return merged + own if merged else own


def _merged(node: yaml.Node, above: set[int]) -> Iterator[tuple[str | None, yaml.Node, yaml.Node]]:
    stack: list[yaml.Node] = [node]
    seen = set(above)
    count = 0
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, yaml.SequenceNode):
            stack.extend(reversed(current.value))
        elif isinstance(current, yaml.MappingNode):
            for key, value in current.value:
                count += 1
                if count > _MAX_PAIRS:
                    raise LimitError(f"a mapping of it merges more than {_MAX_PAIRS} entries")
                if _is_merge(key):
                    stack.append(value)
                else:
                    yield from _named(key, value)


def last(found: Pairs, key: str) -> yaml.Node | None:
    """Return the value of the last entry named *key*, the one that most readers keep."""
    for text, _, value in reversed(found):
        if text == key:
            return value
    return None


def child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """Return the value of *key* below a mapping node."""
    return last(pairs(node), key) if isinstance(node, yaml.MappingNode) else None


def is_literal_block(node: yaml.ScalarNode) -> bool:
    """Return whether each line of *node* is a line of the file."""
    return node.style == "|"


def named(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """Return the entries of a mapping node by key, the last of equal keys; none of another node."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {text: value for text, _, value in pairs(node) if text is not None}
