"""A file that people edit, with each alias where it stands instead of where its anchor is."""

from __future__ import annotations

import copy

import yaml

from gitops_secrets.core.yamltext.expansion import refuse_expansion
from gitops_secrets.core.yamltext.nodes import compose_documents, single
from gitops_secrets.core.yamltext.nulls import is_null
from gitops_secrets.errors import InvalidDocumentError


class _Loader(yaml.SafeLoader):
    """Composes as its base does, and keeps where each alias stands. libyaml's composer does not."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.placed: list[yaml.Node] = []

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        is_alias = self.check_event(yaml.AliasEvent)
        event: yaml.Event | None = self.peek_event() if is_alias else None  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        if event is None or node is None:
            return node
        placed = copy.copy(node)
        placed.start_mark, placed.end_mark = event.start_mark, event.end_mark
        self.placed.append(placed)
        return placed


def compose_placed(content: bytes, name: str) -> tuple[yaml.MappingNode | None, frozenset[int]]:
    """Return the one mapping of a file that people edit, and the ``id`` of each node that is an alias.

    The nodes below an alias are those of its anchor, with their places. The errors are those of
    compose_single, and of refuse_expansion instead of any alias.
    """
    for document in compose_documents(content, name):
        refuse_expansion(document, name)
    loader = _Loader(content)
    documents = []
    try:
        while loader.check_node():
            documents.append(loader.get_node())
    except yaml.MarkedYAMLError as error:
        # libyaml, and with it sops, takes a tab behind a colon.
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise InvalidDocumentError(
            f"{name}:{line}: this line cannot be edited: {error.problem}",
            f"write blanks in place of tabs in line {line} of {name}",
        ) from None
    root = single([node for node in documents if node is not None and not is_null(node)], name)
    return root, frozenset(map(id, loader.placed))
