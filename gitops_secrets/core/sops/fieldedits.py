"""Edits of single values in a manifest; every other byte stays."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence

import yaml

from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.secrets import ROOTS
from gitops_secrets.core.yamltext.nodes import Path, get, walk_scalars
from gitops_secrets.errors import GitOpsSecretsError, InvalidDocumentError


def splice(content: bytes, changes: Sequence[tuple[yaml.ScalarNode, str]]) -> bytes:
    """Return *content* with the text of each node, in the order in which they stand, replaced."""
    # The marks count characters, and do not count a byte order mark.
    whole = content.decode().removeprefix("\ufeff")
    pieces, at = list[str](), 0
    for node, value in changes:
        begin, end = node.start_mark.index, node.end_mark.index
        line_end = "\n" if whole[begin:end].endswith("\n") else ""
        pieces += whole[at:begin], value, line_end
        at = end
    return "".join((*pieces, whole[at:])).encode()


def blank_readable(
    content: bytes, roots: Sequence[yaml.Node]
) -> tuple[bytes, dict[tuple[int, Path], str]]:
    """Return encrypted *content* with each readable value made empty, and those values by document.

    sops neither encrypts an empty value nor counts it in the MAC. So the result opens and has its MAC
    if values were only added since sops wrote the file.
    """
    found: dict[tuple[int, Path], str] = {}
    nodes: list[yaml.ScalarNode] = []
    for index, root in enumerate(roots):
        for path, node in walk_scalars(root):
            value = str(node.value)
            if path and path[0] in ROOTS and value and not is_encrypted_value(value):
                found[index, path] = value
                nodes.append(node)
    return splice(content, [(node, '""') for node in nodes]), found


def fill(
    content: bytes, roots: Sequence[yaml.Node], name: str, values: Mapping[tuple[int, Path], str]
) -> bytes:
    """Return readable *content* with *values* at their places, which are there already."""
    changes = []
    for index, root in enumerate(roots):
        for path, node in walk_scalars(root):
            if (index, path) in values:
                changes.append((node, json.dumps(values[index, path])))
    if len(changes) != len(values):
        raise GitOpsSecretsError(f"{name}: its values cannot be told apart")
    return splice(content, changes)


def set_value(
    content: bytes, roots: Sequence[yaml.Node], name: str, key: str, value: bytes
) -> bytes:
    """Return the one readable Secret *content* with *key* holding *value*, in its field or else in data.

    *key* may be given with its field, as it is shown: ``stringData.password``. Raises GitOpsSecretsError
    if *content* holds several documents.
    """
    if len(roots) != 1:
        raise InvalidDocumentError(
            f"{name}: holds {len(roots)} Secrets", "edit it without --key, in an editor"
        )
    (root,) = roots
    field = next((f for f in ROOTS if get(root, f, key) is not None), None)
    if field is None:
        said, _, rest = key.partition(".")
        key = rest if said in ROOTS and rest else key
        field = said if get(root, said, key) is not None and said in ROOTS else "data"
    if field == "data":
        shown = base64.b64encode(value).decode()
    else:
        try:
            shown = json.dumps(value.decode())
        except UnicodeDecodeError:
            raise GitOpsSecretsError(
                f"stringData.{key} takes text, and what is given is not", f"move {key} to data"
            ) from None
    node = get(root, field, key)
    if isinstance(node, yaml.ScalarNode):
        return splice(content, [(node, shown)])
    return _add_value(content, root, key, shown)


def _add_value(content: bytes, root: yaml.Node, key: str, shown: str) -> bytes:
    """Return *content* with one more entry under data, which may not be there yet."""
    data = get(root, "data")
    whole = content.decode().removeprefix("\ufeff")
    if whole.lstrip().startswith("{") or (isinstance(data, yaml.MappingNode) and data.flow_style):
        raise GitOpsSecretsError(
            f"data.{key} is new, and goes into block style YAML only", "edit it without --key"
        )
    entry = f"{json.dumps(key)}: {shown}\n"
    if isinstance(data, yaml.MappingNode):
        first: yaml.Mark = data.value[0][0].start_mark
        at = first.index - first.column
        return f"{whole[:at]}{' ' * first.column}{entry}{whole[at:]}".encode()
    return (whole.rstrip("\n") + f"\ndata:\n  {entry}").encode()


def drop_metadata(content: bytes, roots: Sequence[yaml.Node], name: str) -> bytes:
    """Return *content* without its sops blocks."""
    whole = content.decode().removeprefix("\ufeff")
    pieces, at = list[str](), 0
    for root in roots:
        if not isinstance(root, yaml.MappingNode) or root.flow_style:
            raise InvalidDocumentError(f"{name}: take its sops block out by hand")
        for key, value in root.value:
            if getattr(key, "value", None) == "sops":
                pieces.append(whole[at : key.start_mark.index])
                at = value.end_mark.index
    return "".join((*pieces, whole[at:])).encode()
