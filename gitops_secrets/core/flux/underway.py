"""An object on its way through kustomizations: what it is called, and its fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.kustomize.mutate import as_node, plain
from gitops_secrets.core.flux.kustomize.patches import Patch, Subject, patched
from gitops_secrets.core.flux.kustomize.replacements import Change, Made
from gitops_secrets.core.yamltext.nodes import entries, text

_KEEP_THEIR_NAMES = ("Namespace", "CustomResourceDefinition", "APIService")
"""The kinds to which kustomize adds no prefix and no suffix."""


class Name(NamedTuple):
    """What an object is called at one step of its way."""

    namespace: str | None
    name: str


def names_along(
    kind: str, written: Name, roots: Iterable[yaml.Node | None], spec: yaml.Node | None
) -> list[Name]:
    """Return the names of an object: as it is *written*, after each kustomization, and after Flux.

    *roots* are the kustomizations, *spec* that of the Kustomization of Flux.
    """
    found = [written]
    for root in roots:
        found.append(_renamed(kind, found[-1], root, text(root, "namespace")))
    found.append(_renamed(kind, found[-1], spec, text(spec, "targetNamespace")))
    return found


class Underway(NamedTuple):
    """An object on its way."""

    node: yaml.Node
    names: tuple[Name, ...]
    """As it is written, and after each kustomization."""
    held: Name
    """The name that kustomizations have written into the node; a patch may have written another."""
    stored: tuple[Name, ...] = ()
    """Those that kustomize keeps for replacements: from before a namespace, a prefix or a suffix was given."""

    @classmethod
    def begin(cls, node: yaml.Node) -> Underway:
        """Return the object *node* as its file has it."""
        written = Name(text(node, "metadata", "namespace"), text(node, "metadata", "name") or "")
        return cls(node, (written,), written)

    @property
    def name(self) -> Name:
        """What it is called now."""
        return self.names[-1]

    @property
    def kind(self) -> str:
        """Its kind."""
        return text(self.node, "kind") or ""

    def patched(self, patches: Sequence[Patch]) -> Underway | None:
        """Return it as *patches* leave it, None if one of them deletes it."""
        subject = called(self.kind, self.names)._replace(
            labels=_texts(self.node, "labels"), annotations=_texts(self.node, "annotations")
        )
        if any(patch.deletes and patch.may_apply(subject) for patch in patches):
            return None
        return self._replace(node=patched(self.node, subject, patches))

    def renamed(self, root: yaml.Node | None, namespace: str | None) -> Underway:
        """Return it with the names that *root* and its *namespace* give it."""
        is_affixed = self.kind not in _KEEP_THEIR_NAMES and any(
            text(root, field) for field in ("namePrefix", "nameSuffix")
        )
        stored = (*self.stored, self.name) if namespace or is_affixed else self.stored
        names = (*self.names, _renamed(self.kind, self.name, root, namespace))
        return self._replace(names=names, stored=stored)

    def changed(self, changes: Sequence[Change]) -> Underway:
        """Return it as replacements leave it."""
        found = self
        for change in changes:
            before = found.as_made()
            value = change.made(before)
            node = as_node(value) if value != before.value else None
            if node is not None:
                name = text(node, "metadata", "name") or ""
                now = Name(text(node, "metadata", "namespace"), name)
                found = found._replace(node=node, names=(*found.names[:-1], now), held=now)
        return found

    def as_made(self) -> Made:
        """Return it as a replacement sees it: with the names that kustomizations gave it."""
        value = plain(self.node)
        metadata = value.get("metadata") if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(metadata, dict):
            pairs = zip(self.name._asdict().items(), self.held, strict=True)
            given = {field: new for (field, new), old in pairs if new is not None and new != old}
            value["metadata"] = {**metadata, **given}
        known = ((namespace or "", name) for namespace, name in (self.name, *self.stored))
        return Made(text(self.node, "apiVersion") or "", self.kind, tuple(known), value)


def as_written(node: yaml.Node) -> Subject:
    """Return what a patch sees of the object *node*, as its file has it."""
    return Subject(
        text(node, "kind") or "",
        text(node, "metadata", "name") or "",
        text(node, "metadata", "namespace"),
        _texts(node, "labels"),
        _texts(node, "annotations"),
    )


def called(kind: str, names: Sequence[Name]) -> Subject:
    """Return what a patch sees of an object that has had *names*, the last of them now."""
    known = [(found.namespace or "default", found.name) for found in names]
    return Subject(kind, known[-1][1], known[-1][0], former=tuple(known[:-1]))


def _renamed(kind: str, name: Name, root: yaml.Node | None, namespace: str | None) -> Name:
    if kind == "Namespace":
        return Name(None, namespace or name.name)
    affixed = name.name
    if kind not in _KEEP_THEIR_NAMES:
        affixed = f"{text(root, 'namePrefix') or ''}{affixed}{text(root, 'nameSuffix') or ''}"
    return Name(namespace or name.namespace, affixed)


def _texts(node: yaml.Node, field: str) -> dict[str, str]:
    return {key: text(value) or "" for key, value in entries(node, "metadata", field)}
