"""Manifests of Secrets while they are readable: what Kubernetes or Flux would refuse is refused here.

Nothing here says a value: errors name the file, the place and the key.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import yaml

from gitops_secrets.core.registry.dockerconfig import read_dockerconfigjson
from gitops_secrets.core.repository.kubenames import check_namespace, check_secret_name
from gitops_secrets.core.sops.pullsecret import DOCKERCONFIGJSON, MAX_SECRET_BYTES, PULL_SECRET_TYPE
from gitops_secrets.core.sops.structure import is_encrypted_value
from gitops_secrets.core.yamltext.nodes import (
    Path,
    compose_documents,
    duplicate_keys,
    entries,
    get,
    position,
    refuse_anchors,
    text,
    walk_scalars,
)
from gitops_secrets.errors import GitOpsSecretsError, InvalidDocumentError, UsageError

ROOTS = ("data", "stringData")
"""Where a Secret's values stand."""
_SUBSTITUTE = "kustomize.toolkit.fluxcd.io/substitute"
_NUMBER = re.compile(r"[-+]?(?:\.?[0-9][0-9_.xXoObBa-fA-F]*(?:[eE][-+]?[0-9]+)?|\.(?:inf|nan))")
"""What one of the YAML readers on the way takes for a number."""


class Identity(NamedTuple):
    """Which object it is: ciphertext that is moved to another is a finding, so it is made anew."""

    namespace: str
    name: str
    type: str

    def __str__(self) -> str:
        return f"Secret {self.namespace}/{self.name}" if self.namespace else f"Secret {self.name}"


class Secret(NamedTuple):
    """One document that holds a Secret. Its values never show in a repr."""

    identity: Identity
    values: Mapping[Path, str]
    """By ``("data", KEY)`` or ``("stringData", KEY)``, as they are written."""
    substitutes: bool
    """Whether Flux's post-build substitution would read its values."""

    def __repr__(self) -> str:
        return f"Secret({self.identity}, ...)"


def read_secrets(content: bytes, name: str) -> tuple[Secret, ...]:
    """Return the Secrets of *content*, one a document.

    Raises GitOpsSecretsError, with *name*, line and key, for whatever the API server, the kubelet or
    sops would refuse or read otherwise than it is meant.
    """
    documents = compose_documents(content, name)
    if not documents:
        raise InvalidDocumentError(f"{name}: is empty")
    refuse_anchors(content, name)
    return tuple(_read_secret(root, name) for root in documents)


def _read_secret(root: yaml.Node, name: str) -> Secret:
    where = f"{name}:{position(root).line}"
    for node, key in duplicate_keys(root):
        raise InvalidDocumentError(
            f"{name}:{position(node)}: key {key!r} stands twice", "remove one of the two"
        )
    kind = text(root, "kind")
    if kind != "Secret" or text(root, "apiVersion") != "v1":
        what = f"a {kind}" if kind and kind.isalnum() else "no Kubernetes object"
        raise InvalidDocumentError(
            f"{where}: is {what}, and Flux decrypts Secrets only",
            "kind: Secret and apiVersion: v1; a List is written as documents with --- between",
        )
    if get(root, "sops") is not None:
        raise InvalidDocumentError(f"{where}: holds a sops block, which is sops' to write")
    identity = Identity(
        text(root, "metadata", "namespace") or "",
        text(root, "metadata", "name") or "",
        text(root, "type") or "Opaque",
    )
    try:
        check_secret_name(identity.name)
        if identity.namespace:
            check_namespace(identity.namespace)
    except UsageError as error:
        raise InvalidDocumentError(f"{where}: {error.message}") from None
    values = dict(_read_values(root, name))
    if not any(values.values()):
        raise InvalidDocumentError(f"{where}: {identity} holds no value to encrypt")
    decoded = {path[1]: _decode(path, value, where) for path, value in values.items()}
    if sum(map(len, decoded.values())) > MAX_SECRET_BYTES:
        raise InvalidDocumentError(
            f"{where}: {identity} is larger than {MAX_SECRET_BYTES} bytes, which is the most that Kubernetes takes"
        )
    if identity.type == PULL_SECRET_TYPE:
        if DOCKERCONFIGJSON not in decoded:
            raise InvalidDocumentError(
                f"{where}: a Secret of type {PULL_SECRET_TYPE} has the key {DOCKERCONFIGJSON}"
            )
        read_dockerconfigjson(decoded[DOCKERCONFIGJSON], f"{where}: {DOCKERCONFIGJSON}")
    return Secret(
        identity,
        values,
        text(root, "metadata", "annotations", _SUBSTITUTE) != "disabled",
    )


def _read_values(root: yaml.Node, name: str) -> Iterator[tuple[Path, str]]:
    for field in ROOTS:
        node = get(root, field)
        if node is not None and not isinstance(node, yaml.MappingNode) and text(node) is not None:
            raise InvalidDocumentError(f"{name}:{position(node)}: {field} is not a mapping")
        for key, value in entries(node):
            where = f"{name}:{position(value)}: {field}.{key}"
            if not isinstance(value, yaml.ScalarNode):
                raise InvalidDocumentError(f"{where} is not a string")
            if value.tag == "tag:yaml.org,2002:null":
                yield (field, key), ""
                continue
            plain = not value.style and _NUMBER.fullmatch(str(value.value))
            if value.tag != "tag:yaml.org,2002:str" or plain:
                raise InvalidDocumentError(
                    f"{where} is not read as a string, and Kubernetes takes only strings",
                    "put it in quotes",
                )
            yield (field, key), str(value.value)


def _decode(path: Path, value: str, where: str) -> bytes:
    if path[0] == "stringData":
        return value.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except ValueError:
        raise InvalidDocumentError(
            f"{where}: data.{path[1]} is not base64", "readable values stand under stringData"
        ) from None


def has_ciphertext(content: bytes, name: str) -> bool:
    """Return whether something of *content* is encrypted, or says so: a sops block, or any ENC value."""
    return any(
        get(root, "sops") is not None
        or any(is_encrypted_value(str(n.value)) for _, n in walk_scalars(root))
        for root in compose_documents(content, name)
    )


def blank_readable(content: bytes, name: str) -> tuple[bytes, dict[tuple[int, Path], str]]:
    """Return encrypted *content* with each readable value made empty, and those values by document.

    An empty value is neither encrypted nor counted in the MAC: what is left opens, and has its MAC,
    where values were only added since sops wrote the file.
    """
    found: dict[tuple[int, Path], str] = {}
    nodes: list[yaml.ScalarNode] = []
    for index, root in enumerate(compose_documents(content, name)):
        for path, node in walk_scalars(root):
            value = str(node.value)
            if path and path[0] in ROOTS and value and not is_encrypted_value(value):
                found[index, path] = value
                nodes.append(node)
    return splice(content, [(node, '""') for node in nodes]), found


def fill(content: bytes, name: str, values: Mapping[tuple[int, Path], str]) -> bytes:
    """Return readable *content* with *values* at their places, which are there already."""
    changes = []
    for index, root in enumerate(compose_documents(content, name)):
        for path, node in walk_scalars(root):
            if (index, path) in values:
                changes.append((node, json.dumps(values[index, path])))
    if len(changes) != len(values):
        raise GitOpsSecretsError(f"{name}: its values cannot be told apart")
    return splice(content, changes)


def splice(content: bytes, changes: list[tuple[yaml.ScalarNode, str]]) -> bytes:
    """Return *content* with the text of each node, in the order in which they stand, replaced."""
    whole = content.decode()
    # The marks count characters, and a byte order mark is none of them.
    whole = whole.removeprefix("\ufeff")
    pieces, at = list[str](), 0
    for node, value in changes:
        begin, end = node.start_mark.index, node.end_mark.index
        line_end = "\n" if whole[begin:end].endswith("\n") else ""
        pieces += whole[at:begin], value, line_end
        at = end
    return "".join((*pieces, whole[at:])).encode()


def set_value(content: bytes, name: str, key: str, value: bytes) -> bytes:
    """Return the one readable Secret *content* with *key* holding *value*, where it stands or else in data.

    *key* may be said with its field, as it is shown: ``stringData.password``. Raises GitOpsSecretsError
    where *content* holds several documents.
    """
    roots = compose_documents(content, name)
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
                f"stringData.{key} takes text, and what is given is none", f"move {key} to data"
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


def is_empty_shell(content: bytes, name: str) -> bool:
    """Return whether *content* has sops blocks, and not one encrypted value."""
    return not any(
        path[:1] != ("sops",) and is_encrypted_value(str(node.value))
        for root in compose_documents(content, name)
        for path, node in walk_scalars(root)
    )


def drop_metadata(content: bytes, name: str) -> bytes:
    """Return *content* without its sops blocks."""
    whole = content.decode().removeprefix("\ufeff")
    pieces, at = list[str](), 0
    for root in compose_documents(content, name):
        if not isinstance(root, yaml.MappingNode) or root.flow_style:
            raise InvalidDocumentError(f"{name}: take its sops block out by hand")
        for key, value in root.value:
            if getattr(key, "value", None) == "sops":
                pieces.append(whole[at : key.start_mark.index])
                at = value.end_mark.index
    return "".join((*pieces, whole[at:])).encode()
