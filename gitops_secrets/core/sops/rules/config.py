"""A ``.sops.yaml`` as sops reads it: its fields, with anchors and merge keys resolved, and its types checked.

sops decodes all of it with Go's yaml.v3 before it looks at any rule: one wrong type, and sops fails on every
file. What stands under a field that sops does not know says nothing to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.yamltext.expansion import refuse_expansion
from gitops_secrets.core.yamltext.nodes import compose_documents
from gitops_secrets.core.yamltext.nulls import is_null
from gitops_secrets.errors import InvalidDocumentError

Fields = Mapping[str, yaml.Node]
"""What a mapping holds by name, without what is null."""

_BINARY = "tag:yaml.org,2002:binary"
_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"
_TRUE = ("true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON")
_FALSE = ("false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF")


def read_root(content: bytes) -> yaml.MappingNode | None:
    """Return the mapping that sops reads, which is the first document; None if the file is empty.

    Raises InvalidDocumentError, with the line, if it is not a mapping, and if its aliases form a cycle or
    stand for more than a person would write.
    """
    try:
        content.decode()
    except UnicodeDecodeError:
        raise InvalidDocumentError(
            f"{CONFIG}:1: it is not UTF-8 text", f"save {CONFIG} as UTF-8"
        ) from None
    documents = compose_documents(content, CONFIG)
    if not documents:
        return None
    root = documents[0]
    if not isinstance(root, yaml.MappingNode):
        raise refused(root, "is not a mapping")
    refuse_expansion(root, CONFIG)
    return root


def refused(node: yaml.Node, what: str, *hints: str) -> InvalidDocumentError:
    """Return the error for *node*, on which sops fails: *what* is wrong with it."""
    return InvalidDocumentError(f"{CONFIG}:{node.start_mark.line + 1}: {what}", *hints)


def fields(node: yaml.Node, what: str) -> Fields:
    """Return the fields of the mapping *node*; what it merges in comes after its own.

    Raises InvalidDocumentError if *node*, which is *what*, is not a mapping, or has a field twice.
    """
    if is_null(node):
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise refused(node, f"{what} is not a mapping, and sops fails on it")
    own: dict[str, yaml.Node] = {}
    merged: list[yaml.Node] = []
    for key, value in node.value:
        if key.tag == _MERGE and key.value == "<<":
            merged = _merged(key, value)
            continue
        # A merge key in quotes is none for sops. What Go would decode first is not read here.
        is_odd = not isinstance(key, yaml.ScalarNode) or key.tag in (_BINARY, _MERGE)
        if is_odd or (key.value == "<<" and not key.style):
            raise refused(key, "a key is not plain text", "write the keys as plain words")
        if key.value in own:
            raise refused(key, f"key {key.value!r} stands twice", "remove one of the two")
        own[str(key.value)] = value
    for one in merged:
        for name, value in fields(one, "what a merge key names").items():
            own.setdefault(name, value)
    return {name: value for name, value in own.items() if not is_null(value)}


def _merged(key: yaml.Node, value: yaml.Node) -> list[yaml.Node]:
    if isinstance(value, yaml.SequenceNode):
        start, here = value.start_mark, key.start_mark
        if (start.line, start.column) < (here.line, here.column):
            raise refused(key, "a merge key names an alias of a list, and sops fails on it")
        return list(value.value)
    return [value]


def text_of(found: Fields, name: str) -> str:
    """Return the text of field *name*, empty if there is none; the errors are those of list_of."""
    node = found.get(name)
    return _scalar(node, name) if node is not None else ""


def _scalar(node: yaml.Node, name: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise refused(node, f"{name} is not text, and sops fails on it")
    if node.tag == _BINARY:
        raise refused(
            node, f"{name} is base64 with a tag, which is not read here", "write the text"
        )
    return "" if is_null(node) else str(node.value)


def list_of(found: Fields, name: str) -> list[yaml.Node]:
    """Return the elements of field *name* that are not null, none if there is no such field.

    Raises InvalidDocumentError, with the line, for another type, on which sops fails.
    """
    node = found.get(name)
    if node is None:
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise refused(
            node,
            f"{name} is not a list, and sops fails on it",
            f"write {name} in {CONFIG} with a dash for each element",
        )
    return [element for element in node.value if not is_null(element)]


def texts_of(found: Fields, name: str) -> list[tuple[str, yaml.Node]]:
    """Return the elements of field *name* as text, each with its node; the errors are those of list_of."""
    return [(_scalar(node, f"an element of {name}"), node) for node in list_of(found, name)]


def flag_of(found: Fields, name: str) -> bool:
    """Return the boolean in field *name*, as Go reads one; the errors are those of list_of."""
    node, value = found.get(name), text_of(found, name)
    is_text = isinstance(node, yaml.ScalarNode) and node.style in ("'", '"')
    # Go takes YAML 1.1's other words for them in quotes too, and these two not.
    if node is not None and (
        value not in (*_TRUE, *_FALSE) or (is_text and value.lower() in ("true", "false"))
    ):
        raise refused(node, f"{name} is not true or false, and sops fails on it")
    return value in _TRUE


def number_of(found: Fields, name: str) -> int:
    """Return the number in field *name*, 0 if there is none; the errors are those of list_of."""
    node = found.get(name)
    if node is None:
        return 0
    value = _scalar(node, name)
    if node.tag == _TEXT or not re.fullmatch(r"-?(?:0|[1-9][0-9]{0,8})", value):
        raise refused(node, f"{name} is not a plain number")
    return int(value)
