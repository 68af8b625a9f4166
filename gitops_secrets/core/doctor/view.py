"""A repository as Flux sees it: its clusters, their Kustomizations, and what each of them applies."""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import NamedTuple

import yaml

from gitops_secrets.core import flux
from gitops_secrets.core.creationrules import CreationRule, parse_rules
from gitops_secrets.core.doctor.reach import Reach, reach
from gitops_secrets.core.flux import FluxKustomization, ignored_by
from gitops_secrets.core.fluxfolder import flux_folder
from gitops_secrets.core.fluxinstance import clusters_of, instances_by_cluster
from gitops_secrets.core.layout import CONFIG, Cluster
from gitops_secrets.core.overlay import Overlay
from gitops_secrets.core.patches import patched_decryption, patched_service_account
from gitops_secrets.core.sopsfile import SopsDocument, read_documents
from gitops_secrets.core.yamldoc import compose_documents, get, text
from gitops_secrets.errors import GitOpsSecretsError


class Applied(NamedTuple):
    """A Kustomization of Flux, and what it applies."""

    cluster: Cluster
    kustomization: FluxKustomization
    reach: Reach
    is_own: bool
    """Whether it is the one that ``flux bootstrap`` wrote, which applies all others."""

    @property
    def object(self) -> str:
        """Its name, as a sentence has it."""
        found = self.kustomization
        return f"Kustomization {found.namespace or flux.DEFAULT_NAMESPACE}/{found.name}"

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.kustomization.file}:{self.kustomization.line}"


class View:
    """What *tree* holds for Flux, each file parsed once."""

    def __init__(self, tree: Overlay, pushed: Overlay | None = None) -> None:
        self.tree = tree
        self.pushed = pushed
        """The tree that Flux has already, None where that is not known."""
        self.instances = instances_by_cluster(tree)
        """The clusters whose Flux the Flux Operator installs."""
        self.clusters = clusters_of(tree)
        self._parsed: dict[str, list[yaml.Node] | None] = {}

    def documents(self, path: str) -> list[yaml.Node]:
        """Return the root nodes of the file *path*; none where it is no YAML."""
        if path not in self._parsed:
            try:
                self._parsed[path] = compose_documents(self.tree.read(path) or b"", path)
            except GitOpsSecretsError:
                self._parsed[path] = None
        return self._parsed[path] or []

    @cached_property
    def rules(self) -> tuple[CreationRule, ...]:
        """The creation rules; none where ``.sops.yaml`` is broken, which has a check of its own."""
        try:
            return parse_rules(self.tree.read(CONFIG) or b"")
        except GitOpsSecretsError:
            return ()

    @cached_property
    def encrypted(self) -> dict[str, tuple[SopsDocument, ...]]:
        """The files with sops metadata in them, by path."""
        found = {}
        for path in self.tree.files():
            if path.endswith((".yaml", ".yml", ".json")):
                content = self.tree.read(path) or b""
                if b"sops" in content and b"ENC[" in content:
                    try:
                        documents = read_documents(content, path)
                    except GitOpsSecretsError:
                        continue
                    if any(d.metadata is not None for d in documents):
                        found[path] = documents
        return found

    @cached_property
    def fetched(self) -> Overlay:
        """The files that Flux fetches: all but those that a .sourceignore leaves out."""
        rules = [
            (posixpath.dirname(path), (self.tree.read(path) or b"").decode(errors="replace"))
            for path in self.tree.files()
            if posixpath.basename(path) == ".sourceignore"
        ]
        if not rules:
            return self.tree
        is_ignored = ignored_by(rules)
        files = [path for path in self.tree.files() if not is_ignored(path)]
        held = set(files)
        return Overlay(files, lambda path: self.tree.read(path) if path in held else None)

    @cached_property
    def applied(self) -> tuple[Applied, ...]:
        """Every Kustomization of every cluster, from the one that ``flux bootstrap`` wrote on."""
        return tuple(a for cluster in self.clusters for a in self._of_cluster(cluster))

    def folder(self, cluster: Cluster) -> str:
        """Return the folder that ``flux bootstrap`` owns."""
        return flux_folder(self.tree, cluster, None)

    def customisation(self, cluster: Cluster) -> yaml.Node | None:
        """Return what customises Flux: that folder's kustomization.yaml, or a FluxInstance's spec.kustomize."""
        if cluster in self.instances:
            return get(self.instances[cluster].root, "spec", "kustomize")
        return next(iter(self.documents(f"{self.folder(cluster)}/kustomization.yaml")), None)

    def objects(self, path: str, kind: str) -> list[yaml.Node]:
        """Return the documents of *path* that are of *kind*."""
        return [n for n in self.documents(path) if text(n, "kind") == kind]

    def _of_cluster(self, cluster: Cluster) -> list[Applied]:
        if cluster in self.instances:
            todo = [(self.instances[cluster].kustomization, True)]
        else:
            sync = f"{self.folder(cluster)}/{flux.SYNC}"
            own = self._kustomizations(sync)[:1]
            todo = [(self._customised(cluster, k), True) for k in own]
        found: list[Applied] = []
        seen: set[tuple[str | None, str]] = set()
        while todo:
            kustomization, is_own = todo.pop(0)
            key = (kustomization.namespace, kustomization.name)
            if key in seen:
                continue
            seen.add(key)
            here = reach(self.fetched, kustomization.path)
            found.append(Applied(cluster, kustomization, here, is_own))
            todo += [(k, False) for file in here.files for k in self._kustomizations(file)]
        return found

    def _kustomizations(self, path: str) -> list[FluxKustomization]:
        content = self.tree.read(path) or b""
        try:
            return flux.find_kustomizations(path, content)
        except GitOpsSecretsError:
            return []

    def _customised(self, cluster: Cluster, own: FluxKustomization) -> FluxKustomization:
        """Return Flux's own Kustomization with what flux-system/kustomization.yaml patches into it."""
        folder, root = self.folder(cluster), self.customisation(cluster)

        def read(name: str) -> bytes:
            return self.tree.read(posixpath.normpath(f"{folder}/{name}")) or b""

        try:
            account = patched_service_account(root, own.name, read)
            provider, secret = patched_decryption(root, own.name, read)
        except GitOpsSecretsError:
            return own
        return own._replace(
            service_account=account or own.service_account,
            decryption_provider=provider or own.decryption_provider,
            decryption_secret=secret or own.decryption_secret,
        )
