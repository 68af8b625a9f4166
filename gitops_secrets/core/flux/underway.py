"""An object on its way through kustomizations: what it is called, and its fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.kustomize.mutate import as_node, plain
from gitops_secrets.core.flux.kustomize.patches import Patch, Subject, patched, read_patches
from gitops_secrets.core.flux.kustomize.replacements import Change, Made
from gitops_secrets.core.yamltext.nodes import entries, text
from gitops_secrets.errors import GitOpsSecretsError

_KEEP_THEIR_NAMES = ("Namespace", "CustomResourceDefinition", "APIService")
"""The kinds to which kustomize adds no prefix and no suffix."""


class Name(NamedTuple):
    """What an object is called at one step of its way."""

    namespace: str | None
    name: str


class Step(NamedTuple):
    """A kustomization on the way of an object."""

    root: yaml.Node | None
    patches: Sequence[Patch] = ()


def names_along(
    kind: str, written: Name, steps: Iterable[Step], spec: yaml.Node | None
) -> list[Name]:
    """Return the names of an object: as it is *written*, after each kustomization, and after Flux.

    *spec* is that of the Kustomization of Flux. A patch that selects by labels is taken to be for the object.
    """
    seen = partial(called, kind)
    found = [written]
    for root, patches in steps:
        now = _called_by(found, patches, seen)
        found.append(_renamed(kind, now, root, text(root, "namespace")))
    now = _called_by(found, flux_patches(spec), seen)
    found.append(_renamed(kind, now, spec, text(spec, "targetNamespace")))
    return found


class Underway(NamedTuple):
    """An object on its way."""

    node: yaml.Node
    names: tuple[Name, ...]
    """As it is written, and after each kustomization."""
    held: Name
    """The name that kustomizations have written into the node; a patch may have written another."""
    now: Name
    """What it is called, if a patch has changed that since the last kustomization."""
    stored: tuple[Name, ...] = ()
    """Those that kustomize keeps for replacements: from before a namespace, a prefix, a suffix or a patch gave another."""

    @classmethod
    def begin(cls, node: yaml.Node) -> Underway:
        """Return the object *node* as its file has it."""
        written = Name(text(node, "metadata", "namespace"), text(node, "metadata", "name") or "")
        return cls(node, (written,), written, written)

    @property
    def name(self) -> Name:
        """What it is called now."""
        return self.now

    @property
    def kind(self) -> str:
        """Its kind."""
        return text(self.node, "kind") or ""

    def patched(self, patches: Sequence[Patch]) -> Underway | None:
        """Return it as *patches* leave it, None if one of them deletes it."""
        labels, annotations = (_texts(self.node, field) for field in ("labels", "annotations"))

        def seen(names: Sequence[Name]) -> Subject:
            return called(self.kind, names)._replace(labels=labels, annotations=annotations)

        subject = seen(self.names)
        if any(patch.deletes and patch.may_apply(subject) for patch in patches):
            return None
        now = _called_by(self.names, patches, seen)
        stored = self.stored if now == self.now else (*self.stored, self.now)
        return self._replace(node=patched(self.node, subject, patches), now=now, stored=stored)

    def renamed(self, root: yaml.Node | None, namespace: str | None) -> Underway:
        """Return it with the names that *root* and its *namespace* give it."""
        is_affixed = self.kind not in _KEEP_THEIR_NAMES and any(
            text(root, field) for field in ("namePrefix", "nameSuffix")
        )
        stored = (*self.stored, self.name) if namespace or is_affixed else self.stored
        now = _renamed(self.kind, self.name, root, namespace)
        return self._replace(names=(*self.names, now), now=now, stored=stored)

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
                found = found._replace(node=node, names=(*found.names[:-1], now), held=now, now=now)
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


def flux_patches(spec: yaml.Node | None) -> list[Patch]:
    """Return the patches of a Kustomization of Flux with *spec*; none if one is not YAML."""
    try:
        return read_patches(spec, lambda _name: b"")
    except GitOpsSecretsError:
        return []


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


def _called_by(
    names: Sequence[Name], patches: Iterable[Patch], seen: Callable[[Sequence[Name]], Subject]
) -> Name:
    """Return the last of *names* as *patches* change it. *seen* returns what a patch sees of an object with its names."""
    now = names[-1]
    for patch in patches:
        if any(patch.new_name) and patch.may_apply(seen([*names, now])):
            namespace, name = patch.new_name
            now = Name(namespace or now.namespace, name or now.name)
    return now


def _renamed(kind: str, name: Name, root: yaml.Node | None, namespace: str | None) -> Name:
    if kind == "Namespace":
        return Name(None, namespace or name.name)
    affixed = name.name
    if kind not in _KEEP_THEIR_NAMES:
        affixed = f"{text(root, 'namePrefix') or ''}{affixed}{text(root, 'nameSuffix') or ''}"
    return Name(namespace or name.namespace, affixed)


def _texts(node: yaml.Node, field: str) -> dict[str, str]:
    return {key: text(value) or "" for key, value in entries(node, "metadata", field)}
