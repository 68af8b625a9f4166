"""The nodes of a settings file, read strictly: whoever wrote something there expects an effect.

Each raises InvalidDocumentError, with the place in the file and a hint, for what is not as it has to be.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from gitops_secrets.core.yamltext.nodes import position
from gitops_secrets.core.yamltext.nulls import is_null
from gitops_secrets.errors import InvalidDocumentError


def fields(
    node: yaml.Node, name: str, known: Sequence[str], required: Sequence[str]
) -> dict[str, yaml.Node]:
    """Return the values of a mapping by their keys: none but the *known*, and all *required*."""
    if not isinstance(node, yaml.MappingNode):
        raise refused(node, name, "this is not a mapping", f"its keys are {', '.join(known)}")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value not in known:
            word = repr(str(key.value)) if isinstance(key, yaml.ScalarNode) else "that is not text"
            raise refused(key, name, f"unknown key {word}", f"the keys are {', '.join(known)}")
        found[str(key.value)] = value
    for field in required:
        if field not in found:
            raise refused(node, name, f"{field} is missing", f"add {field}: to it")
    return found


def elements(node: yaml.Node, name: str, what: str) -> list[yaml.Node]:
    """Return the elements of a list, which is *what* in an error."""
    if not isinstance(node, yaml.SequenceNode):
        raise refused(node, name, f"{what} is not a list", "write a dash ahead of each element")
    return list(node.value)


def text(node: yaml.Node, name: str, what: str) -> str:
    """Return a text without the blanks around it, which is *what* in an error, and is not empty."""
    if not isinstance(node, yaml.ScalarNode):
        raise refused(node, name, f"{what} is not text", f"write {what} on one line")
    value = "" if is_null(node) else str(node.value).strip()
    if not value:
        raise refused(node, name, f"{what} is empty", f"write {what}")
    return value


def glob(node: yaml.Node, name: str) -> str:
    """Return a pattern of paths that can be used."""
    from gitops_secrets.core.guard.judge.globs import flaw_in

    pattern = text(node, name, "a path")
    flaw = flaw_in(pattern)
    if flaw:
        hint = "write it as in .gitignore, such as docs/ or **/*.md"
        raise refused(node, name, f"the pattern {pattern!r} cannot be used: {flaw}", hint)
    return pattern


def refused(node: yaml.Node, name: str, what: str, hint: str) -> InvalidDocumentError:
    """Return the error that *what* is wrong at *node* of the file *name*."""
    return InvalidDocumentError(f"{name}:{position(node)}: {what}", hint)
