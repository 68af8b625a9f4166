"""What the manifests of a file are: apiVersion, kind, namespace and name, without parsing most of them."""

from __future__ import annotations

import re
from typing import NamedTuple

from gitops_secrets.core.flux.objects import DOCUMENT_SPLIT
from gitops_secrets.core.yamltext.nodes import compose_documents, position, text
from gitops_secrets.errors import GitOpsSecretsError

_PLAIN = rb"[ \t]+([\w./-]+)[ \t]*(?:#.*)?\r?$"
_API, _KIND = (rb"(?m)^%s:" % key + _PLAIN for key in (b"apiVersion", b"kind"))
_METADATA = re.compile(rb"(?m)^metadata:[ \t]*\r?\n((?:[ \t]+.*\n?|[ \t]*\r?\n|#.*\n)*)")
_NAME, _NAMESPACE = (rb"(?m)^  %s:" % key + _PLAIN for key in (b"name", b"namespace"))
_CONTENT = re.compile(rb"(?m)^[^\s#]")


class Identity(NamedTuple):
    """What kustomize knows an object by, as its file has it."""

    api: str
    kind: str
    namespace: str | None
    name: str
    line: int


def identities(content: bytes, path: str) -> list[Identity]:
    """Return the objects of the manifest *path*; none if it is not YAML.

    The items of a List are not among them.
    """
    ends = [match.end() for match in re.finditer(DOCUMENT_SPLIT, content)]
    found: list[Identity] = []
    for begin, end in zip([0, *ends], [*ends, len(content)], strict=True):
        part = content[begin:end]
        start = _CONTENT.search(part)
        if start is None:
            continue
        above = content.count(b"\n", 0, begin)
        quick = _quick(part, above + part.count(b"\n", 0, start.start()) + 1)
        found += [quick] if quick is not None else _parsed(part, path, above)
    return found


def _quick(part: bytes, line: int) -> Identity | None:
    """Return what *part* is if it is written as most manifests are, None if only a parser can tell."""
    api, kind, metadata = re.search(_API, part), re.search(_KIND, part), _METADATA.search(part)
    if api is None or kind is None or metadata is None or part.count(b"\nmetadata:") > 1:
        return None
    name, namespace = re.search(_NAME, metadata[1]), re.search(_NAMESPACE, metadata[1])
    if name is None or (namespace is None and re.search(rb"(?m)^\s+namespace\s*:", metadata[1])):
        return None
    values = [
        found[1].decode() if found is not None else "" for found in (api, kind, namespace, name)
    ]
    return Identity(values[0], values[1], values[2] or None, values[3], line)


def _parsed(part: bytes, path: str, above: int) -> list[Identity]:
    try:
        documents = compose_documents(part, path)
    except GitOpsSecretsError:
        return []
    return [
        Identity(
            text(node, "apiVersion") or "",
            text(node, "kind") or "",
            text(node, "metadata", "namespace"),
            text(node, "metadata", "name") or "",
            above + position(node).line,
        )
        for node in documents
    ]
