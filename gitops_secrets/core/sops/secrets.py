"""Secrets while they are readable: what Kubernetes or Flux would refuse is refused here.

No value is ever printed: errors name the file, the place and the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.registry.gobase64 import decode_base64
from gitops_secrets.core.repository.kubenames import (
    check_namespace,
    check_secret_name,
    is_data_key,
)
from gitops_secrets.core.sops.secrettypes import ACCOUNT, SERVICE_ACCOUNT_TOKEN, check_type
from gitops_secrets.core.sops.secrettypes import DOCKERCONFIGJSON as DOCKERCONFIGJSON  # noqa: PLC0414
from gitops_secrets.core.sops.secrettypes import PULL_SECRET_TYPE as PULL_SECRET_TYPE  # noqa: PLC0414
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.core.yamltext.nodes import (
    Path,
    duplicate_keys,
    entries,
    get,
    position,
    text,
)
from gitops_secrets.errors import InvalidDocumentError, UsageError

ROOTS = ("data", "stringData")
"""The fields that hold a Secret's values."""
MAX_SECRET_BYTES = 1024 * 1024
"""Kubernetes' limit on the decoded values of one Secret."""
_SUBSTITUTE = "kustomize.toolkit.fluxcd.io/substitute"
_NUMBER = re.compile(r"[-+]?(?:\.?[0-9][0-9_.xXoObBa-fA-F]*(?:[eE][-+]?[0-9]+)?|\.(?:inf|nan))")
"""What one of the YAML readers on the way takes for a number."""


class SecretId(NamedTuple):
    """Which Secret it is. Ciphertext that is moved to another Secret is a finding."""

    namespace: str
    name: str
    type: str

    def __str__(self) -> str:
        return f"Secret {self.namespace}/{self.name}" if self.namespace else f"Secret {self.name}"


class Secret(Veiled):
    """One document that holds a Secret."""

    __slots__ = ("ident", "substitutes", "values")

    def __init__(self, ident: SecretId, values: Mapping[Path, str], *, substitutes: bool) -> None:
        self.ident = ident
        self.values = values
        """By ``("data", KEY)`` or ``("stringData", KEY)``, as they are written."""
        self.substitutes = substitutes
        """Whether Flux's post-build substitution would read its values."""


def read_secrets(roots: Sequence[yaml.Node], name: str) -> tuple[Secret, ...]:
    """Return the Secrets of a manifest's documents, one each.

    Raises GitOpsSecretsError, with *name*, line and key, for whatever the API server, the kubelet or
    sops would refuse, or read otherwise than it is meant.
    """
    return tuple(_read_secret(root, name) for root in roots)


def _read_secret(root: yaml.Node, name: str) -> Secret:
    where = f"{name}:{position(root).line}"
    for node, key in duplicate_keys(root):
        raise InvalidDocumentError(
            f"{name}:{position(node)}: key {key!r} stands twice", "remove one of the two"
        )
    kind = text(root, "kind")
    if kind == "Secret" and text(root, "apiVersion") != "v1":
        raise InvalidDocumentError(f"{where}: is a Secret without apiVersion: v1", "apiVersion: v1")
    if kind != "Secret":
        what = f"a {kind}" if kind and kind.isalnum() else "no Kubernetes object"
        raise InvalidDocumentError(
            f"{where}: is {what}, and Flux decrypts Secrets only",
            "kind: Secret and apiVersion: v1; a List is written as documents with --- between",
        )
    if get(root, "sops") is not None:
        raise InvalidDocumentError(f"{where}: holds a sops block, which is sops' to write")
    ident = SecretId(
        text(root, "metadata", "namespace") or "",
        text(root, "metadata", "name") or "",
        text(root, "type") or "Opaque",
    )
    try:
        check_secret_name(ident.name)
        if ident.namespace:
            check_namespace(ident.namespace)
    except UsageError as error:
        raise InvalidDocumentError(f"{where}: {error.message}") from None
    values = dict(_read_values(root, name))
    if not any(values.values()):
        raise InvalidDocumentError(f"{where}: {ident} holds no value to encrypt")
    decoded = {str(path[1]): _decode(path, value, where) for path, value in values.items()}
    if sum(map(len, decoded.values())) > MAX_SECRET_BYTES:
        raise InvalidDocumentError(
            f"{where}: {ident} is larger than {MAX_SECRET_BYTES} bytes, which is the most that Kubernetes takes"
        )
    check_type(ident.type, decoded, where)
    if ident.type == SERVICE_ACCOUNT_TOKEN and not text(root, "metadata", "annotations", ACCOUNT):
        raise InvalidDocumentError(
            f"{where}: a Secret of type {SERVICE_ACCOUNT_TOKEN} has the annotation {ACCOUNT}"
        )
    substitutes = text(root, "metadata", "annotations", _SUBSTITUTE) != "disabled"
    return Secret(ident, values, substitutes=substitutes)


def _read_values(root: yaml.Node, name: str) -> Iterator[tuple[Path, str]]:
    for field in ROOTS:
        node = get(root, field)
        if node is not None and not isinstance(node, yaml.MappingNode) and text(node) is not None:
            raise InvalidDocumentError(f"{name}:{position(node)}: {field} is not a mapping")
        for key, value in entries(node):
            where = f"{name}:{position(value)}: {field}.{key}"
            if not is_data_key(key):
                raise InvalidDocumentError(
                    f"{name}:{position(value)}: {field} has the key {key!r}, which Kubernetes does not take",
                    "letters, digits, '-', '_' and '.', at most 253 and none of them '..' at the beginning",
                )
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
        return decode_base64(value)
    except ValueError:
        if value.split() != [value] and re.fullmatch(r"[A-Za-z0-9+/=\s]+", value):
            raise InvalidDocumentError(
                f"{where}: data.{path[1]} is base64 with blanks in it, which the API server refuses",
                "write it on one line, or with | in place of >",
            ) from None
        raise InvalidDocumentError(
            f"{where}: data.{path[1]} is not base64", "readable values stand under stringData"
        ) from None
