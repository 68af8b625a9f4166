"""The objects that the generators of a kustomization.yaml make, without what is in them."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from gitops_secrets.core.flux.kustomize.mutate import as_node, plain
from gitops_secrets.core.yamltext.nodes import get, items, position, text

GENERATED = {"secretGenerator": "Secret", "configMapGenerator": "ConfigMap"}
_OF_ANOTHER = ("merge", "replace")
"""The values of ``behavior`` with which a generator changes an object that is there already."""


def generated(root: yaml.Node | None) -> Iterator[tuple[int, yaml.Node]]:
    """Yield each object that the kustomization *root* makes, with the line of its entry."""
    common = _annotations(get(root, "generatorOptions"))
    for key, kind in GENERATED.items():
        for entry in items(root, key):
            if text(entry, "behavior") in _OF_ANOTHER:
                continue
            metadata: dict[str, object] = {"name": text(entry, "name") or ""}
            if text(entry, "namespace"):
                metadata["namespace"] = text(entry, "namespace")
            metadata["annotations"] = {**common, **_annotations(get(entry, "options"))}
            node = as_node({"apiVersion": "v1", "kind": kind, "metadata": metadata})
            if node is not None:
                yield position(entry).line, node


def _annotations(options: yaml.Node | None) -> dict[str, object]:
    found = plain(get(options, "annotations"))
    return found if isinstance(found, dict) else {}
