"""The patches of a kustomization.yaml: what each is for, and what it makes of an object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.kustomize.mutate import as_node, merged, operated, plain
from gitops_secrets.core.flux.kustomize.selectors import matches, selects
from gitops_secrets.core.yamltext.nodes import compose_documents, get, items, text, walk_scalars
from gitops_secrets.errors import InvalidDocumentError

MARK = "gitops-secrets"
"""The name in our patch's body: kustomize ignores it where there is a target, and we know ours by it."""


class Subject(NamedTuple):
    """An object as a patch's target selects it; None for what is not known of it."""

    kind: str
    name: str
    namespace: str | None = None
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    former: tuple[tuple[str, str], ...] = ()
    """Namespaces and names that it had before: kustomize knows it by those as well."""


class Target(NamedTuple):
    """What a patch says that it is for; every field is None if it says nothing."""

    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    labels: str | None = None
    annotations: str | None = None

    def takes(self, subject: Subject) -> bool:
        """Return whether *subject* may be selected; what is not known of it may fit.

        Of its former names only the first counts, unlike for a patch without a target.
        """
        known = (subject.namespace, subject.name), *subject.former[:1]
        return (
            matches(self.kind, subject.kind)
            and any(matches(self.name, name) for _, name in known)
            and any(space is None or matches(self.namespace, space) for space, _ in known)
            and selects(self.labels, subject.labels)
            and selects(self.annotations, subject.annotations)
        )


class NewName(NamedTuple):
    """What a patch calls an object; None for what it leaves."""

    namespace: str | None = None
    name: str | None = None


class Patch(NamedTuple):
    """A patch of a kustomization.yaml."""

    order: int
    body: tuple[yaml.Node, ...]
    target: Target
    new_name: NewName = NewName()

    @property
    def ours(self) -> bool:
        """Whether it is our patch of ServiceAccounts."""
        names = [text(node, "metadata", "name") for node in self.body]
        return MARK in names and self.target.kind == "ServiceAccount"

    def may_apply(self, subject: Subject) -> bool:
        """Return whether it is for *subject*, as far as that is known."""
        if self.target == Target():
            return any(names(node, subject) for node in self.body)
        return self.target.takes(subject)

    @property
    def deletes(self) -> bool:
        """Whether it takes away the whole object."""
        return any(text(node, "$patch") == "delete" for node in self.body)

    def changed(self, value: object) -> object:
        """Return the object *value*, as mutate.plain has it, with the patch."""
        for node in self.body:
            if isinstance(node, yaml.SequenceNode):
                value = operated(value, [plain(n) for n in node.value])
            elif isinstance(node, yaml.MappingNode):
                body = plain(node)
                assert isinstance(body, dict)
                # With a target the names in the body are not the object's.
                kept = {k: v for k, v in body.items() if k not in ("apiVersion", "kind")}
                metadata = kept.get("metadata")
                if isinstance(metadata, dict):
                    names = ("name", "namespace")
                    kept["metadata"] = {k: v for k, v in metadata.items() if k not in names}
                value = merged(value, kept)
        return value

    def pull_secrets(self) -> Iterable[str]:
        """Yield the names that it puts on a ServiceAccount, or a pod, as imagePullSecrets."""
        for node in self.body:
            for entry in items(node, "imagePullSecrets"):
                yield text(entry, "name") or ""
            for operation in items(node):
                if (text(operation, "path") or "").startswith("/imagePullSecrets"):
                    value = get(operation, "value")
                    yield text(value, "name") or text(value) or ""
                    yield from (text(entry, "name") or "" for entry in items(value))


def names(node: yaml.Node, subject: Subject) -> bool:
    """Return whether *node*, the body of a patch without a target, is for *subject*.

    A namespace that neither says is ``default``, as it is for kustomize; None for *subject* fits any.
    """
    if text(node, "kind") != subject.kind:
        return False
    namespace = text(node, "metadata", "namespace") or "default"
    name = text(node, "metadata", "name")
    known = [(subject.namespace, subject.name), *subject.former]
    return any(n == name and s in (None, namespace) for s, n in known)


def patches_mention(
    root: yaml.Node | None,
    kind: str,
    name: str,
    words: Sequence[str],
    read: Callable[[str], bytes],
) -> bool:
    """Return whether a patch that may apply to the object says one of *words*, as a field or in a path.

    A patch that is not valid YAML says everything.
    """
    try:
        patches = read_patches(root, read)
    except InvalidDocumentError:
        return True
    return any(
        word in (*map(str, path), *str(node.value).split("/"))
        for patch in patches
        if patch.may_apply(Subject(kind, name))
        for body in patch.body
        for path, node in walk_scalars(body)
        for word in words
    )


def patched(found: yaml.Node, subject: Subject, patches: Iterable[Patch]) -> yaml.Node:
    """Return the object *found* as *patches* leave it, in their order; itself if none is for it."""
    value: object = None
    for patch in patches:
        if patch.may_apply(subject):
            value = patch.changed(plain(found) if value is None else value)
    return (as_node(value) or found) if value is not None else found


def patched_pull_secrets(patches: Iterable[Patch], account: str) -> tuple[str, ...] | None:
    """Return the pull Secrets that the last of *patches* puts on a ServiceAccount, None if none does.

    The list has no merge key: the last patch replaces what those before it put there.
    """
    found = None
    for patch in patches:
        if patch.may_apply(flux_account(account)):
            names = tuple(n for n in patch.pull_secrets() if n)
            found = names or found
    return found


def flux_account(name: str) -> Subject:
    """Return the ServiceAccount *name* of Flux: it has Flux's label, as all that an installation makes."""
    return Subject("ServiceAccount", name, labels={"app.kubernetes.io/part-of": "flux"})


def read_patches(root: yaml.Node | None, read: Callable[[str], bytes]) -> list[Patch]:
    """Return the patches of the kustomization *root*; *read* returns the file of one that stands apart."""
    found = []
    for entry in items(root, "patchesStrategicMerge"):
        value = text(entry) or ""
        content = value.encode() if "\n" in value else read(value)
        found.append(_patch(-1, None, content, value))
    for index, entry in enumerate(items(root, "patches")):
        inline, file = text(entry, "patch"), text(entry, "path")
        found.append(_patch(index, entry, inline.encode() if inline else read(file or ""), file))
    for entry in items(root, "patchesJson6902"):
        inline, file = text(entry, "patch"), text(entry, "path")
        found.append(_patch(-1, entry, inline.encode() if inline else read(file or ""), file))
    return found


def _patch(index: int, entry: yaml.Node | None, content: bytes, file: str | None) -> Patch:
    documents = compose_documents(
        content, file or f"patch {index + 1} of Flux's kustomization.yaml"
    )
    fields = ("kind", "name", "namespace", "labelSelector", "annotationSelector")
    target = Target(*(text(entry, "target", field) for field in fields))
    may_rename = text(entry, "options", "allowNameChange") == "true"
    return Patch(index, tuple(documents), target, _new_name(documents, may_rename=may_rename))


def _new_name(body: Sequence[yaml.Node], *, may_rename: bool) -> NewName:
    """Return what *body* calls an object: a JSON Patch may always, a merge the name only if it *may_rename*."""
    found = NewName()
    for node in body:
        if may_rename and isinstance(node, yaml.MappingNode):
            found = found._replace(name=text(node, "metadata", "name") or found.name)
        for operation in items(node):
            value = text(operation, "value")
            if value is None or text(operation, "op") not in ("add", "replace"):
                continue
            match text(operation, "path"):
                case "/metadata/name":
                    found = found._replace(name=value)
                case "/metadata/namespace":
                    found = found._replace(namespace=value)
    return found
