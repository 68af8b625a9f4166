"""The fewest changes that make one manifest into another, as sops takes them one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gitops_secrets.core.yamltext import comments
from gitops_secrets.core.yamltext.nodes import compose_documents, entries, to_value


class Change(NamedTuple):
    """One value that is to be set, or taken away where it is None. The value never shows in a repr."""

    key: str
    """sops' way to it: ``["data"]["x"]``."""
    value: bytes | None
    """Its JSON."""

    def __repr__(self) -> str:
        return f"Change({self.key!r}, ...)"


def changes_between(before: bytes, after: bytes, name: str) -> tuple[Change, ...] | None:
    """Return what makes *before* into *after*, both readable; None where sops cannot be told it piece by piece.

    That is where there are several documents, or comments changed.
    """
    old, new = (compose_documents(content, name) for content in (before, after))
    if len(old) != 1 or len(new) != 1 or _comments(before) != _comments(after):
        return None
    return tuple(_between(old[0], new[0], ()))


def is_same(one: bytes, other: bytes, name: str) -> bool:
    """Return whether both hold the same values, whatever their form."""
    return [to_value(n) for n in compose_documents(one, name)] == [
        to_value(n) for n in compose_documents(other, name)
    ]


def _between(old: yaml.Node, new: yaml.Node, path: tuple[str, ...]) -> Iterator[Change]:
    before, after = dict(entries(old)), dict(entries(new))
    for key in before:
        if key not in after:
            yield Change(_way((*path, key)), None)
    for key, node in after.items():
        here = (*path, key)
        if key in before and to_value(before[key]) == to_value(node):
            continue
        if isinstance(node, yaml.MappingNode) and isinstance(before.get(key), yaml.MappingNode):
            yield from _between(before[key], node, here)
        else:
            yield Change(_way(here), json.dumps(_typed(node)).encode())


def _way(path: tuple[str, ...]) -> str:
    return "".join(f"[{json.dumps(step, ensure_ascii=False)}]" for step in path)


def _typed(node: yaml.Node) -> object:
    """Return *node* as JSON has it: a Secret's values other than strings are booleans only."""
    if isinstance(node, yaml.MappingNode):
        return {str(k.value): _typed(v) for k, v in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_typed(item) for item in node.value]
    if node.tag == "tag:yaml.org,2002:bool":
        return str(node.value).lower() == "true"
    return None if node.tag == "tag:yaml.org,2002:null" else str(node.value)


def _comments(content: bytes) -> list[str]:
    return [block.strip() for _, _, block in comments.blocks(content.decode())]
