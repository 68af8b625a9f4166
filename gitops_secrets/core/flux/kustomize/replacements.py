"""The ``replacements`` of a kustomization.yaml: what each copies, and into which fields of which objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.kustomize.fieldpaths import changed_at, split_path, value_at
from gitops_secrets.core.flux.kustomize.selectors import matches, selects
from gitops_secrets.core.yamltext.nodes import compose_documents, get, items, text
from gitops_secrets.errors import GitOpsSecretsError

OPEN = "${unknown}"
"""What stands for a value that Git does not tell: everything that reads a variable takes it for one."""
_NAME = "metadata.name"


class Made(NamedTuple):
    """An object at one step of its way, as a replacement selects it."""

    api: str
    kind: str
    names: tuple[tuple[str, str], ...]
    """Its namespaces and names, those that it had before among them; "" for no namespace."""
    value: object
    """All of it, as mutate.plain has it."""


class Selector(NamedTuple):
    """Which objects a source, a target or a rejection names."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    labels: str = ""
    annotations: str = ""

    def takes(self, found: Made) -> bool:
        """Return whether a target takes *found*: the fields are regular expressions."""
        return self._is_named(found) and self._is_labelled(found)

    def rejects(self, found: Made) -> bool:
        """Return whether it keeps *found* from a target: by its names, or by its labels alone."""
        by_labels = bool(self.labels or self.annotations) and self._is_labelled(found)
        return by_labels or (any(self[:5]) and self._is_named(found))

    def is_source(self, found: Made) -> bool:
        """Return whether a source takes *found*: the fields are literals."""
        return all(one in ("", other) for one, other in self._kinds(found)) and any(
            self.name in ("", name) and self.namespace in ("", namespace or "default")
            for namespace, name in found.names
        )

    def _is_named(self, found: Made) -> bool:
        return all(matches(*one) for one in self._kinds(found)) and any(
            matches(self.name, name) and matches(self.namespace, namespace)
            for namespace, name in found.names
        )

    def _kinds(self, found: Made) -> tuple[tuple[str, str], ...]:
        """Return group, version and kind as they are wanted, each with that of *found*."""
        group, _, version = found.api.rpartition("/")
        return (self.group, group), (self.version, version), (self.kind, found.kind)

    def _is_labelled(self, found: Made) -> bool:
        return all(
            selects(selector, _texts(value_at(found.value, ["metadata", field])))
            for selector, field in (
                (self.labels, "labels"),
                (self.annotations, "annotations"),
            )
        )


class Options(NamedTuple):
    """How a value is taken, or is set."""

    delimiter: str = ""
    part: int = 0
    """Which of the parts between delimiters: the ``index`` of kustomize."""
    create: bool = False


class Into(NamedTuple):
    """A target: the objects, without those that are rejected, and the fields that are set."""

    select: Selector
    reject: tuple[Selector, ...]
    paths: tuple[str, ...]
    options: Options

    def takes(self, found: Made) -> bool:
        """Return whether *found* is one of its objects."""
        return self.select.takes(found) and not any(one.rejects(found) for one in self.reject)


class Replacement(NamedTuple):
    """One entry: a literal, or the field of an object, and where it goes."""

    literal: str | None
    source: Selector
    path: str
    options: Options
    targets: tuple[Into, ...]

    def value(self, candidates: Sequence[Made]) -> object:
        """Return what it copies, if its source is one of *candidates*; OPEN if it cannot be told.

        A value of a Secret is OPEN as well: what is copied may be printed as a name or a path.
        """
        if self.literal is not None:
            return self.literal
        found = [made for made in candidates if self.source.is_source(made)]
        steps = split_path(self.path)
        is_told = len(found) == 1 and (found[0].kind != "Secret" or steps[0] == "metadata")
        value = value_at(found[0].value, steps) if is_told else None
        if not self.options.delimiter or not isinstance(value, str):
            return OPEN if value is None else value
        parts = value.split(self.options.delimiter)
        return parts[self.options.part] if 0 <= self.options.part < len(parts) else OPEN


class Change(NamedTuple):
    """A replacement whose value is known, or is OPEN."""

    value: object
    targets: tuple[Into, ...]

    def made(self, found: Made) -> object:
        """Return the object *found* with the value in all fields of it that the targets name."""
        value = found.value
        for into in self.targets:
            if into.takes(found):
                for path in into.paths:
                    setter = _setter(self.value, into.options)
                    value = changed_at(value, split_path(path), setter, create=into.options.create)
        return value


def read_replacements(
    root: yaml.Node | None, read: Callable[[str], bytes]
) -> tuple[Replacement, ...]:
    """Return the replacements of the kustomization *root*; *read* returns the file of those that stand apart.

    None of a file that is not YAML: a check of its own says so.
    """
    return tuple(one for entry in items(root, "replacements") for one in _entry(entry, read))


def _entry(entry: yaml.Node, read: Callable[[str], bytes]) -> Iterator[Replacement]:
    path = text(entry, "path")
    if path is None:
        yield _replacement(entry)
        return
    try:
        documents = compose_documents(read(path), path)
    except GitOpsSecretsError:
        return
    for found in documents[:1]:
        yield from map(_replacement, items(found) or [found])


def _replacement(node: yaml.Node) -> Replacement:
    source = get(node, "source")
    return Replacement(
        text(node, "sourceValue"),
        _selector(source),
        text(source, "fieldPath") or _NAME,
        _options(get(source, "options")),
        tuple(
            Into(
                _selector(get(target, "select")),
                tuple(map(_selector, items(target, "reject"))),
                tuple(text(path) or "" for path in items(target, "fieldPaths")) or (_NAME,),
                _options(get(target, "options")),
            )
            for target in items(node, "targets")
        ),
    )


def _selector(node: yaml.Node | None) -> Selector:
    fields = "group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"
    return Selector(*(text(node, field) or "" for field in fields))


def _options(node: yaml.Node | None) -> Options:
    index = text(node, "index") or "0"
    number = int(index) if index.removeprefix("-").isdigit() else 0
    return Options(text(node, "delimiter") or "", number, text(node, "create") == "true")


def _setter(value: object, options: Options) -> Callable[[object], object]:
    def setter(old: object) -> object:
        if not options.delimiter or not isinstance(value, str):
            return value
        parts = old.split(options.delimiter) if isinstance(old, str) else [""]
        if options.part < 0:
            return options.delimiter.join([value, *parts])
        if options.part >= len(parts):
            return options.delimiter.join([*parts, value])
        parts[options.part] = value
        return options.delimiter.join(parts)

    return setter


def _texts(value: object) -> dict[str, str]:
    return {k: str(v) for k, v in value.items()} if isinstance(value, dict) else {}
