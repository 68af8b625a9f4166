"""The fewest changes that make one manifest into another, as sops takes them one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import yaml

from gitops_secrets.core.veiled import Veiled
from gitops_secrets.core.yamltext import comments
from gitops_secrets.core.yamltext.nodes import entries, to_value


class ValueChange(Veiled):
    """One value that is to be set, or taken away."""

    __slots__ = ("key", "value")

    def __init__(self, key: str, value: bytes | None) -> None:
        self.key = key
        """sops' way to it: ``["data"]["x"]``."""
        self.value = value
        """Its JSON; None to take it away."""


def changes_between(
    old: Sequence[yaml.Node], new: Sequence[yaml.Node]
) -> tuple[ValueChange, ...] | None:
    """Return what makes the document *old* into *new*, both readable; None if there is not one of each."""
    if len(old) != 1 or len(new) != 1:
        return None
    return tuple(_between(old[0], new[0], ()))


def comments_of(content: bytes) -> list[str]:
    """Return the comments of a manifest: sops takes changes of values only."""
    return [block.strip() for _, _, block in comments.blocks(content.decode())]


def _between(old: yaml.Node, new: yaml.Node, path: tuple[str, ...]) -> Iterator[ValueChange]:
    before, after = dict(entries(old)), dict(entries(new))
    for key in before:
        if key not in after:
            yield ValueChange(way_to((*path, key)), None)
    for key, node in after.items():
        here = (*path, key)
        if key in before and to_value(before[key]) == to_value(node):
            continue
        if isinstance(node, yaml.MappingNode) and isinstance(before.get(key), yaml.MappingNode):
            yield from _between(before[key], node, here)
        else:
            yield ValueChange(way_to(here), json.dumps(_typed(node)).encode())


def way_to(path: Sequence[str | int]) -> str:
    """Return the way to a value as sops takes it: ``["data"]["x"][0]``."""
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
