"""How a repository has its commit messages: what the first line begins with, and trailers."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

from gitops_secrets.core.guard.judge.fields import fields, refused, text

_PREFIX = "message-prefix"
_TRAILERS = "trailers"
TRAILER_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
"""What Git takes for the key of a trailer."""


class CommitStyle(NamedTuple):
    """What every message of the tool has in a repository."""

    prefix: str = ""
    trailers: tuple[tuple[str, str], ...] = ()


def read_style(node: yaml.Node, name: str) -> CommitStyle:
    """Return what the mapping *node* of the file *name* says. Raises InvalidDocumentError for anything else."""
    found = fields(node, name, (_PREFIX, _TRAILERS), required=())
    prefix = ""
    if _PREFIX in found:
        _one_line(found[_PREFIX], name, _PREFIX)
        # With the blank that ends it, which separates it from the words.
        prefix = str(found[_PREFIX].value)
    return CommitStyle(prefix, _trailers(found[_TRAILERS], name) if _TRAILERS in found else ())


def _trailers(node: yaml.Node, name: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(node, yaml.MappingNode):
        raise refused(node, name, "trailers is not a mapping", "write trailers: {Ticket: OPS-12}")
    read = []
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or not TRAILER_KEY.fullmatch(key.value):
            hint = "a key has letters, digits and dashes, such as Signed-off-by"
            raise refused(key, name, "this is no key of a trailer", hint)
        read.append((str(key.value), _one_line(value, name, f"the trailer {key.value}")))
    return tuple(read)


def _one_line(node: yaml.Node, name: str, what: str) -> str:
    found = text(node, name, what)
    if len(found.splitlines()) != 1:
        raise refused(node, name, f"{what} has several lines", f"write {what} on one line")
    return found
