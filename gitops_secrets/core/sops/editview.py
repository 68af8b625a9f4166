"""A Secret as a person edits it: base64 shown as the text that it is, and made base64 again.

A decoded value carries the tag ``!text``. Taking the tag away, or writing base64, is as good: a value
under ``data`` without the tag is taken as it stands.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import yaml

from gitops_secrets.core.registry.gobase64 import decode_base64
from gitops_secrets.core.sops.fieldedits import splice
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.yamltext.nodes import get
from gitops_secrets.errors import GitOpsSecretsError

TAG = "!text"


def to_view(plain: Manifest) -> bytes:
    """Return readable *plain* for an editor; as it is if nothing of it can be shown decoded."""
    shown = [(node, _show(node, column)) for column, node in _values(plain)]
    view = splice(plain.content, [(node, text) for node, text in shown if text is not None])
    try:
        return view if from_view(view, plain.path).is_same(plain) else plain.content
    except GitOpsSecretsError:
        return plain.content


def from_view(view: bytes, path: str) -> Manifest:
    """Return the manifest that *view* means. Raises InvalidDocumentError if it is not YAML."""
    edits = [
        (node, base64.b64encode(str(node.value).encode()).decode())
        for _, node in _values(Manifest(view, path))
        if node.tag == TAG
    ]
    return Manifest(splice(view, edits), path)


def _values(manifest: Manifest) -> Iterator[tuple[int, yaml.ScalarNode]]:
    """Yield the values under data, in the order in which they stand, with the columns of their keys."""
    for root in manifest.roots:
        data = get(root, "data")
        for key, node in data.value if isinstance(data, yaml.MappingNode) else ():
            if isinstance(node, yaml.ScalarNode):
                yield key.start_mark.column, node


def _show(node: yaml.ScalarNode, column: int) -> str | None:
    """Return the text of *node*, whose key stands at *column*, as a block of it; None if that cannot be."""
    if node.tag != "tag:yaml.org,2002:str" or not node.value:
        return None
    try:
        text = decode_base64(str(node.value)).decode()
    except ValueError:
        return None
    if (
        not text.strip()
        or text[0] in " \t\n"
        or not all(c.isprintable() or c in "\n\t" for c in text)
    ):
        return None
    ends = len(text) - len(text.rstrip("\n"))
    chomping = "-" if ends == 0 else "" if ends == 1 else "+"
    lines = [
        f"{' ' * (column + 2)}{line}" if line else ""
        for line in text[: len(text) - ends].split("\n")
    ]
    return "\n".join((f"{TAG} |{chomping}", *lines, *[""] * max(ends - 1, 0)))
