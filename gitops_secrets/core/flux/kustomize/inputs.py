"""The files beside its resources that a kustomization.yaml reads."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from gitops_secrets.core.flux.kustomize.generators import GENERATED
from gitops_secrets.core.yamltext.nodes import items, text

_BY_PATH = ("patches", "patchesJson6902", "replacements")


def input_files(root: yaml.Node | None) -> Iterator[str]:
    """Yield the files that patches, replacements and generators of the kustomization *root* read, as it names them."""
    for key in _BY_PATH:
        yield from (name for entry in items(root, key) if (name := text(entry, "path")))
    for entry in items(root, "patchesStrategicMerge"):
        name = text(entry) or ""
        if name and "\n" not in name:
            yield name
    for key in GENERATED:
        for generator in items(root, key):
            for entry in items(generator, "files"):
                yield (text(entry) or "").rpartition("=")[2]
            names = [text(generator, "env"), *(text(entry) for entry in items(generator, "envs"))]
            yield from (name for name in names if name)
