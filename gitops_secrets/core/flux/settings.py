"""The ConfigMaps that Git has for the post-build substitution of Flux."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from gitops_secrets.core.flux.kustomizations import FluxKustomization
from gitops_secrets.core.flux.objects import select_documents
from gitops_secrets.core.flux.reach import Fetched
from gitops_secrets.core.flux.substitution import Variables
from gitops_secrets.core.yamltext.nodes import entries, get, items, text
from gitops_secrets.errors import GitOpsSecretsError


class Settings:
    """What is known of them, as more files are learnt."""

    def __init__(self, fetched: Fetched) -> None:
        self._fetched = fetched
        self._files: dict[str, None] = {}
        self._known: dict[str, dict[str, str]] | None = None

    def learn(self, files: Iterable[str]) -> None:
        """Take in *files*, which a Kustomization applies."""
        read = self._fetched.tree.read
        found = (file for file in files if b"ConfigMap" in (read(file) or b""))
        self._files |= dict.fromkeys(found)
        self._known = None

    def variables(self, kustomization: FluxKustomization) -> Variables | None:
        """Return what *kustomization* substitutes by, None if it does not."""
        post = get(kustomization.root, "spec", "postBuild")
        given = {key: text(value) or "" for key, value in entries(post, "substitute")}
        named = items(post, "substituteFrom")
        if not given and not named:
            return None
        known: dict[str, str] = {}
        is_complete = True
        for entry in named:
            found = self._maps().get(text(entry, "name") or "")
            is_map = text(entry, "kind") == "ConfigMap"
            known |= found or {}
            is_complete &= is_map and found is not None
        return Variables({**known, **given}, is_complete)

    def _maps(self) -> dict[str, dict[str, str]]:
        if self._known is None:
            self._known = {}
            for path in self._files:
                content = self._fetched.tree.read(path) or b""
                for node in _documents(content, path, rb"kind[\"']?\s*:\s*[\"']?ConfigMap"):
                    name = text(node, "metadata", "name") or ""
                    data = {key: text(value) or "" for key, value in entries(node, "data")}
                    self._known.setdefault(name, data)
        return self._known


def _documents(content: bytes, path: str, wanted: bytes) -> list[yaml.Node]:
    try:
        return [node for _, node in select_documents(content, path, wanted)]
    except GitOpsSecretsError:
        return []
