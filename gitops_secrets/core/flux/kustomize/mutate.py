"""What a patch makes of an object: JSON Patch (RFC 6902), and the merge that kustomize does.

Objects are plain dicts, lists and strings, as ``plain`` returns them. A list is replaced as a whole, as for
every custom resource; lists of built-in kinds that kustomize merges by a key are not merged here.
"""

from __future__ import annotations

import json

import yaml

from gitops_secrets.core.yamltext.nodes import compose_documents
from gitops_secrets.core.yamltext.nulls import is_null

_DIRECTIVE = "$patch"


def plain(node: yaml.Node | None) -> object:
    """Return *node* as dicts, lists and strings; a null is None, every other scalar its text."""
    if isinstance(node, yaml.MappingNode):
        return {str(k.value): plain(v) for k, v in node.value if isinstance(k, yaml.ScalarNode)}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    if isinstance(node, yaml.ScalarNode) and not is_null(node):
        return str(node.value)
    return None


def as_node(value: object) -> yaml.Node | None:
    """Return *value* as a node again. Its positions mean nothing."""
    return next(iter(compose_documents(json.dumps(value).encode(), "patched")), None)


def merged(value: object, patch: object) -> object:
    """Return *value* with the strategic merge *patch*; a null or ``$patch: delete`` removes a key."""
    if not isinstance(patch, dict):
        return patch
    if patch.get(_DIRECTIVE) == "replace":
        return {k: v for k, v in patch.items() if k != _DIRECTIVE}
    result = dict(value) if isinstance(value, dict) else {}
    for key, new in patch.items():
        if key == _DIRECTIVE:
            continue
        if new is None or (isinstance(new, dict) and new.get(_DIRECTIVE) == "delete"):
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), new)
    return result


def operated(value: object, operations: list[object]) -> object:
    """Return *value* after the JSON Patch *operations*; one that does not fit changes nothing."""
    for operation in operations:
        if not isinstance(operation, dict):
            continue
        path, kind = operation.get("path"), operation.get("op")
        if not isinstance(path, str):
            continue
        keys = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
        if kind in ("add", "replace"):
            value = _put(value, keys, operation.get("value"), insert=kind == "add")
        elif kind == "remove":
            value = _removed(value, keys)
        elif kind in ("copy", "move") and isinstance(operation.get("from"), str):
            source = operation["from"].split("/")[1:]
            found = _at(value, source)
            value = _removed(value, source) if kind == "move" else value
            value = _put(value, keys, found, insert=True)
    return value


def _at(value: object, keys: list[str]) -> object:
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _put(value: object, keys: list[str], new: object, *, insert: bool) -> object:
    if not keys:
        return new
    key, *rest = keys
    if isinstance(value, dict):
        return {**value, key: _put(value.get(key), rest, new, insert=insert)}
    if isinstance(value, list):
        if key == "-" and not rest:
            return [*value, new]
        if not key.isdigit() or int(key) > len(value):
            return value
        index = int(key)
        if insert and not rest:
            return [*value[:index], new, *value[index:]]
        if index < len(value):
            changed = _put(value[index], rest, new, insert=insert)
            return [*value[:index], changed, *value[index + 1 :]]
    return {key: _put(None, rest, new, insert=insert)} if value is None else value


def _removed(value: object, keys: list[str]) -> object:
    if not keys:
        return None
    key, *rest = keys
    if isinstance(value, dict) and key in value:
        if rest:
            return {**value, key: _removed(value[key], rest)}
        return {k: v for k, v in value.items() if k != key}
    if isinstance(value, list) and key.isdigit() and int(key) < len(value):
        index = int(key)
        middle = [_removed(value[index], rest)] if rest else []
        return [*value[:index], *middle, *value[index + 1 :]]
    return value
