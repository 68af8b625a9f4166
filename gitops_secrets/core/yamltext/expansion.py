"""What aliases stand for: counted before anything follows them."""

from __future__ import annotations

import yaml

from gitops_secrets.errors import InvalidDocumentError

_MOST = 10_000
"""Nodes that a file which people edit stands for beyond those that are written in it."""


def refuse_expansion(root: yaml.Node, name: str) -> None:
    """Raise InvalidDocumentError, with the line, if *root* has a cycle or its aliases stand for _MOST nodes.

    Ten aliases of ten aliases, nine levels deep, are a few lines that no memory holds.
    """
    sizes: dict[int, int] = {}
    above: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, is_left = stack.pop()
        children = _children(node)
        if is_left:
            above.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in children)
            if sizes[id(node)] - len(sizes) > _MOST:
                raise _refused(node, name, f"its aliases stand for more than {_MOST} values")
        elif id(node) in above:
            raise _refused(node, name, "an anchor holds its own alias")
        elif id(node) not in sizes:
            above.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for child in children)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _refused(node: yaml.Node, name: str, what: str) -> InvalidDocumentError:
    return InvalidDocumentError(
        f"{name}:{node.start_mark.line + 1}: {what}", "write the values out"
    )
