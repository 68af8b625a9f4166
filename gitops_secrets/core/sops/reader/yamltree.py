"""A YAML file as sops loads it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from gitops_secrets.core.sops.reader.scalars import resolve
from gitops_secrets.core.sops.reader.tree import (
    Branch,
    Form,
    RefusedError,
    Tree,
    Typed,
    UnsupportedError,
    Value,
)
from gitops_secrets.core.yamltext.nodes import compose_all, duplicate_keys, refuse_anchors
from gitops_secrets.core.yamltext.nulls import is_null
from gitops_secrets.errors import InvalidDocumentError

BLOCK = "sops"
_TEXT = "tag:yaml.org,2002:str"
_ODD_BREAKS = re.compile(rb"\r(?!\n)|\xc2\x85|\xe2\x80[\xa8\xa9]|\x00")
_OTHER_COMMENT = re.compile(rb"#\s*ENC\[AES256_GCM,[^\]\n]*type:(?!comment\])")
_IMPLICIT = yaml.SafeLoader.yaml_implicit_resolvers


def load_yaml(
    content: bytes, composed: Sequence[yaml.Node] | None = None
) -> tuple[Tree, yaml.MappingNode]:
    """Return what *content* holds, and the ``sops`` block of its first document.

    *composed* are its documents, if it is parsed already.
    Raises RefusedError and UnsupportedError.
    """
    if _OTHER_COMMENT.search(content):
        raise UnsupportedError("a comment holds an encrypted value that is not a comment")
    roots, reader = _roots(content, composed)
    block = _block(roots, reader)
    return Tree(Form.YAML, tuple(map(reader.document, roots))), block


def load_readable_yaml(content: bytes) -> tuple[Branch, ...]:
    """Return what the documents of a readable file hold; the errors are those of load_yaml."""
    roots, reader = _roots(content, None)
    return tuple(map(reader.document, roots))


def _roots(
    content: bytes, composed: Sequence[yaml.Node] | None
) -> tuple[Sequence[yaml.Node], _Reader]:
    if _ODD_BREAKS.search(content):
        raise UnsupportedError("it has line breaks that are not plain newlines")
    try:
        if b"&" in content or b"*" in content:
            refuse_anchors(content, "")
        roots = compose_all(content, "") if composed is None else composed
    except InvalidDocumentError:
        raise UnsupportedError("it has anchors or aliases, or is not plain YAML") from None
    return roots, _Reader(has_tags=b"!" in content)


def _block(roots: Sequence[yaml.Node], reader: _Reader) -> yaml.MappingNode:
    first = roots[0] if roots else None
    if not isinstance(first, yaml.MappingNode):
        raise RefusedError("its first document has no sops block")
    if next(duplicate_keys(first), None) is not None:
        # Only at the top do all versions of sops fail on it.
        raise UnsupportedError("a key stands twice")
    blocks = [value for key, value in first.value if reader.key(key) == BLOCK]
    if not blocks:
        raise RefusedError("its first document has no sops block")
    if not isinstance(blocks[0], yaml.MappingNode):
        raise RefusedError("its sops block is not a mapping")
    reader.value(blocks[0])
    return blocks[0]


class _Reader:
    def __init__(self, *, has_tags: bool) -> None:
        self._has_tags = has_tags

    def document(self, root: yaml.Node) -> Branch:
        if isinstance(root, yaml.MappingNode):
            found = self._entries(root)
            blocks = [value for key, value in found if key == BLOCK]
            if len(blocks) > 1 or not all(isinstance(b, yaml.MappingNode) for b in blocks):
                # sops 3.11 breaks off, and 3.13 reads only the block of the first document.
                raise UnsupportedError("a document has a sops block that is not one mapping")
            return tuple((key, self.value(value)) for key, value in found if key != BLOCK)
        if is_null(root):
            return ()
        raise RefusedError("a document is not a mapping")

    def value(self, node: yaml.Node) -> Value:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self._check_tag(node)
        if isinstance(node, yaml.MappingNode):
            return tuple((key, self.value(value)) for key, value in self._entries(node))
        return [self.value(item) for item in node.value]

    def _entries(self, node: yaml.MappingNode) -> list[tuple[str, yaml.Node]]:
        return [(self.key(key), value) for key, value in node.value]

    def key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise UnsupportedError("a key is not plain text")
        if node.value == "<<":
            raise UnsupportedError("it has a merge key")
        found = self._scalar(node)
        if not isinstance(found, str):
            raise RefusedError("a key is not text")
        return found

    def _scalar(self, node: yaml.ScalarNode) -> str | Typed | None:
        if self._has_tags:
            self._check_tag(node)
        text = str(node.value)
        if node.style or (self._has_tags and node.tag == _TEXT and _implicit(text) != _TEXT):
            return text
        return resolve(text)

    def _check_tag(self, node: yaml.Node) -> None:
        """Raise UnsupportedError for a tag that somebody wrote, except that of text on a scalar."""
        if not self._has_tags:
            return
        if isinstance(node, yaml.ScalarNode):
            plain = _TEXT if node.style else _implicit(str(node.value))
            if node.tag in (plain, _TEXT):
                return
        elif node.tag in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            return
        raise UnsupportedError("a value has a tag")


def _implicit(text: str) -> str:
    """Return the tag that PyYAML gives the plain scalar *text* if nobody wrote one."""
    for tag, pattern in (*_IMPLICIT.get(text[:1], ()), *_IMPLICIT.get(None, ())):
        if pattern.match(text):
            return str(tag)
    return _TEXT
