"""What a kustomization.yaml has made or changed by programs that are not built into kustomize."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import yaml

from gitops_secrets.core.yamltext.nodes import compose_documents, items, text
from gitops_secrets.errors import GitOpsSecretsError

_CONFIGURED = ("generators", "transformers", "validators")
_CHARTS = ("helmCharts", "helmChartInflationGenerator")
_BUILT_IN = "builtin"
"""The apiVersion of what is part of kustomize."""
_HARMLESS = (
    "LabelTransformer",
    "AnnotationsTransformer",
    "ImageTagTransformer",
    "ReplicaCountTransformer",
)
"""Those of its transformers that give no object another name, namespace or Secret."""


def plugins(root: yaml.Node | None, read: Callable[[str], bytes]) -> Iterator[str]:
    """Yield what the kustomization *root* runs that Flux does not; *read* returns the file of an entry.

    Nothing is said of an entry that is a folder, or elsewhere, or not YAML.
    """
    for key in _CHARTS:
        if items(root, key):
            yield f"inflates Helm charts ({key})"
    for key in _CONFIGURED:
        for entry in items(root, key):
            for node in _configurations(text(entry) or "", read):
                kind = text(node, "kind")
                if kind and text(node, "apiVersion") not in (None, _BUILT_IN):
                    yield f"runs the plugin {kind} ({key})"


def unfollowed(root: yaml.Node | None, read: Callable[[str], bytes]) -> Iterator[str]:
    """Yield what the ``transformers`` of *root* are that may make another object of one: a kind, or an entry."""
    for entry in items(root, "transformers"):
        kinds = [text(node, "kind") for node in _configurations(text(entry) or "", read)]
        yield from (kind for kind in kinds if kind and kind not in _HARMLESS)
        if not any(kinds):
            yield text(entry) or "?"


def _configurations(entry: str, read: Callable[[str], bytes]) -> list[yaml.Node]:
    """Return the objects that *entry* holds, or that the file of this name holds."""
    try:
        return compose_documents(entry.encode() if "\n" in entry else read(entry), "plugin")
    except GitOpsSecretsError:
        return []
