"""The objects of a file, and what is wrong with a Secret among them whatever the MAC says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gitops_secrets.core.guard.record.finding import Finding, ObjectName
from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.verify.checks import found
from gitops_secrets.core.yamltext.nodes import entries, items, position, text, walk_scalars


class Object(NamedTuple):
    """One object: a document, or an item of a list in one."""

    document: int
    node: yaml.Node

    @property
    def name(self) -> ObjectName | None:
        """What a person calls it; None if it says no kind."""
        kind = text(self.node, "kind")
        if kind is None:
            return None
        namespace, name = (text(self.node, "metadata", key) for key in ("namespace", "name"))
        return ObjectName(kind, namespace, name)

    @property
    def is_readable(self) -> bool:
        """Whether no value of it is encrypted."""
        held = (str(n.value) for path, n in walk_scalars(self.node) if path[:1] != ("sops",))
        return not any(map(is_encrypted_value, held))


def objects_of(file: EncryptedFile) -> Iterator[Object]:
    """Yield the objects of *file*, those of a list each by itself."""
    for number, root in enumerate(file.roots):
        kind = text(root, "kind") or ""
        listed = items(root, "items") if kind.endswith("List") else []
        for node in listed or (root,):
            yield Object(number, node)


def check_overridden(file: EncryptedFile) -> Iterator[Finding]:
    """Yield the values of Secrets that Kubernetes passes over for one of the same key in stringData."""
    for held in objects_of(file):
        name = held.name
        if name is None or name.kind != "Secret":
            continue
        keys = {key for key, _ in entries(held.node, "data")}
        for key, node in entries(held.node, "stringData"):
            if key in keys:
                yield found(
                    "overridden-value",
                    file.path,
                    position(node),
                    f"{name} has {key} in data and in stringData, and Kubernetes takes that of stringData",
                    key=("stringData", key),
                )._replace(object_name=name)
