"""Texts as node graphs: what PyYAML reads, and what it refuses and the readers of Kubernetes take.

What is too large or too deep raises LimitError. It is never taken for a text that is not YAML: another
reader may well read it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from gitops_secrets.core.yamltext.nulls import NULL, NULLS, is_null

if TYPE_CHECKING:
    import yaml

MAX_TEXT = 6 * 1024 * 1024
"""Characters of one document that are parsed: Flux reads no encrypted file over 5 MiB."""
MAX_NODES = 400_000
"""A node costs about 500 bytes."""
MAX_DEPTH = 5000
"""libyaml's composer calls itself for each level, and a few ten thousand end the process."""

_STR, _SEQ, _MAP = (f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map"))
BINARY, MERGE = (f"tag:yaml.org,2002:{name}" for name in ("binary", "merge"))
_LARGE = 20_000
_LONG_LINE = MAX_DEPTH // 2
"""A shorter line has no more levels of block style than MAX_DEPTH, two for each column at most."""
_LEVEL = re.compile(r"[-?:][ \t]")
_TOO_LARGE = f"a document of it has more than {MAX_TEXT >> 20} MiB"
_TOO_MANY = f"a document of it has more than {MAX_NODES} nodes"
TOO_DEEP = f"a document of it is nested more than {MAX_DEPTH} levels deep"


class LimitError(Exception):
    """A text that may be read elsewhere and is not read here; ``detail`` says why, without any of it."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def compose_all(text: str) -> list[yaml.Node] | None:
    """Return the root nodes of *text* that are not null; None for what is not YAML.

    Raises LimitError for what is beyond a limit, before it costs more than a reading of its events.
    """
    import yaml

    if len(text) > MAX_TEXT:
        raise LimitError(_TOO_LARGE)
    if not _may_exceed(text):
        try:
            return _without_nulls(list(yaml.compose_all(text, _loader())))
        except (yaml.composer.ComposerError, RecursionError):
            pass
        except (yaml.YAMLError, ValueError):
            return None
    roots, end = compose_some(text)
    return roots if end is None else None


@cache
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Tells null from all else: no rule asks whether a scalar is a number, a date or a truth value."""

        def resolve(self, kind: type[yaml.Node], value: object, implicit: Any) -> str:
            if kind is yaml.ScalarNode:
                return NULL if implicit[0] and value in NULLS else _STR
            return _SEQ if kind is yaml.SequenceNode else _MAP

    return Loader


def _may_exceed(text: str) -> bool:
    """Return whether *text* may be nested too deep to be composed, or have too many nodes.

    Brackets that close are not counted: they may stand in a comment or a string.
    """
    openers = text.count("[") + text.count("{")
    if openers > MAX_DEPTH:
        return True
    if len(text) > _LARGE:
        tokens = text.count("\n") + text.count(",") + text.count(":") + text.count("- ")
        if tokens + openers > MAX_NODES:
            return True
    if len(text) < _LONG_LINE:
        return False
    lines = (line for line in text.split("\n") if len(line) >= _LONG_LINE)
    return any(
        not line[:_LONG_LINE].strip() or len(_LEVEL.findall(line)) > _LONG_LINE // 2
        for line in lines
        if line.strip()
    )


def compose_some(text: str) -> tuple[list[yaml.Node], int | None]:
    """Return the roots of the documents ahead of the first fault, and where they end; None without a fault.

    For readers that take one document after the other. Composes event by event, so that depth costs no
    stack and an anchor may be given twice, as YAML allows and PyYAML's composer does not. Raises LimitError.
    """
    import yaml

    roots: list[yaml.Node] = []
    anchors: dict[str, yaml.Node] = {}
    above: list[tuple[Any, list[yaml.Node]]] = []
    nodes = end = complete = 0
    try:
        for event in yaml.parse(text, _loader()):
            if isinstance(event, yaml.DocumentStartEvent):
                anchors = {}
            elif isinstance(event, yaml.DocumentEndEvent):
                end, complete = (event.end_mark.index if event.end_mark else end), len(roots)
            elif isinstance(event, yaml.CollectionEndEvent):
                above.pop()
            elif isinstance(event, yaml.NodeEvent):
                nodes += 1
                if nodes > MAX_NODES:
                    raise LimitError(_TOO_MANY)
                if isinstance(event, yaml.AliasEvent):
                    if event.anchor not in anchors:
                        return _without_nulls(roots[:complete]), end
                    node = anchors[event.anchor]
                else:
                    node = _node(event)
                    if event.anchor:
                        anchors[event.anchor] = node
                _attach(node, above, roots)
                if isinstance(event, yaml.CollectionStartEvent):
                    above.append((node, []))
                    if len(above) > MAX_DEPTH:
                        raise LimitError(TOO_DEEP)
    except (yaml.YAMLError, ValueError):
        return _without_nulls(roots[:complete]), end
    return _without_nulls(roots), None


def _without_nulls(roots: list[yaml.Node]) -> list[yaml.Node]:
    return [root for root in roots if not is_null(root)]


def _node(event: Any) -> yaml.Node:
    import yaml

    marks = event.start_mark, event.end_mark
    tag = event.tag if event.tag != "!" else None
    if isinstance(event, yaml.SequenceStartEvent):
        return yaml.SequenceNode(tag or _SEQ, [], *marks, event.flow_style)
    if isinstance(event, yaml.MappingStartEvent):
        return yaml.MappingNode(tag or _MAP, [], *marks, event.flow_style)
    says_null = event.implicit[0] and event.value in NULLS
    return yaml.ScalarNode(tag or (NULL if says_null else _STR), event.value, *marks, event.style)


def _attach(
    node: yaml.Node, above: list[tuple[Any, list[yaml.Node]]], roots: list[yaml.Node]
) -> None:
    """Add *node* to the collection it stands in; of a mapping, a key waits for its value."""
    import yaml

    if not above:
        roots.append(node)
        return
    parent, waiting = above[-1]
    if isinstance(parent, yaml.SequenceNode):
        parent.value.append(node)
    elif waiting:
        parent.value.append((waiting.pop(), node))
    else:
        waiting.append(node)


def node_of_json(text: str) -> yaml.Node:
    """Return the node of *text*, one JSON value: every key of an object, each at the value's beginning.

    For what JSON allows and YAML does not, such as keys of any length. Raises LimitError.
    """
    import json

    import yaml

    mark = yaml.Mark("", 0, 0, 0, None, 0)

    def made(value: object) -> yaml.Node:
        if isinstance(value, tuple):
            pairs = [(yaml.ScalarNode(_STR, key, mark, mark, '"'), made(v)) for key, v in value]
            return yaml.MappingNode(_MAP, pairs, mark, mark, flow_style=True)
        if isinstance(value, list):
            return yaml.SequenceNode(_SEQ, [made(v) for v in value], mark, mark, flow_style=True)
        if value is None:
            return yaml.ScalarNode(NULL, "", mark, mark)
        return yaml.ScalarNode(_STR, str(value), mark, mark, '"')

    if len(text) > MAX_TEXT:
        raise LimitError(_TOO_LARGE)
    decoder = json.JSONDecoder(
        strict=False, object_pairs_hook=tuple, parse_int=str, parse_float=str
    )
    try:
        return made(decoder.decode(text))
    except RecursionError:
        raise LimitError(TOO_DEEP) from None
