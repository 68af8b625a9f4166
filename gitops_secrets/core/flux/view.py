"""A repository as Flux sees it: its clusters, their Kustomizations, and what each of them applies."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from typing import NamedTuple, TypeVar

import yaml

from gitops_secrets.core.flux import objects as flux
from gitops_secrets.core.flux.artifact import holds_rule, ignore_rules, is_left_out
from gitops_secrets.core.flux.follow import Applied, follow
from gitops_secrets.core.flux.ignoring import ignored_by
from gitops_secrets.core.flux.kustomizations import FluxKustomization
from gitops_secrets.core.flux.reach import Fetched
from gitops_secrets.core.flux.roots.find import find_roots, root_at
from gitops_secrets.core.flux.roots.root import Root, bootstrapped_root
from gitops_secrets.core.flux.substitution import is_open
from gitops_secrets.core.repository.layout import CONFIG, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.rules.creation import CreationRule, choose_rule, parse_rules
from gitops_secrets.core.sops.structure import SopsDocument, encrypted_documents
from gitops_secrets.core.yamltext.nodes import text
from gitops_secrets.errors import GitOpsSecretsError, InvalidDocumentError

Found = TypeVar("Found")

_OF_SOPS = (b"sops_mac=", b"[sops]", b'"sops"', b"\nsops:")
"""What the metadata of sops begins with in a dotenv, an ini, a JSON and a YAML file."""


class Pushed(NamedTuple):
    """The tree that Flux has already, and which of its files are others now."""

    tree: Overlay
    changed: frozenset[str]


class View:
    """What *tree* holds for Flux, each file parsed once; for the clusters *only*, or for all."""

    def __init__(
        self,
        tree: Overlay,
        pushed: Pushed | None = None,
        only: Collection[Cluster] = (),
        links: Collection[str] = (),
        roots: Collection[Root] | None = None,
    ) -> None:
        self.tree = tree
        self._roots = {r.cluster.path: r for r in (find_roots(tree) if roots is None else roots)}
        self.links = links
        self.pushed = pushed
        """None if it is not known."""
        self.known = sorted(root.cluster for root in self._roots.values())
        """Every cluster of the repository."""
        self.clusters = sorted(only) if only else self.known
        """Those that are looked at: one of *only* may be a path that Flux was told of elsewhere."""
        self._mentioned: dict[bytes, bool] = {}
        self._remembered: dict[object, object] = {}
        self._fetched: dict[str | None, Fetched] = {}

    def remember(self, compute: Callable[[View], Found]) -> Found:
        """Return what *compute* finds in this view, computed once."""
        if compute not in self._remembered:
            self._remembered[compute] = compute(self)
        return self._remembered[compute]  # type: ignore[return-value]

    def documents(self, path: str) -> list[yaml.Node]:
        """Return the root nodes of the file *path*; none if it is not YAML."""
        return self.tree.derive(path, flux.composed) or []

    def objects(self, path: str, kind: str) -> list[yaml.Node]:
        """Return the documents of *path* that are of *kind*; none if they are not YAML."""
        wanted = rb"kind[\"']?\s*:\s*[\"']?" + kind.encode()
        try:
            found = flux.select_documents(self.tree.read(path) or b"", path, wanted)
            return [node for _, node in found if text(node, "kind") == kind]
        except GitOpsSecretsError:
            return []

    @cached_property
    def rules(self) -> tuple[CreationRule, ...]:
        """The creation rules; none where ``.sops.yaml`` is broken, which has a check of its own."""
        try:
            return parse_rules(self.tree.read(CONFIG) or b"")
        except GitOpsSecretsError:
            return ()

    @cached_property
    def encrypted(self) -> dict[str, tuple[SopsDocument, ...]]:
        """The files with sops metadata in them, by path: of the clusters that are looked at."""
        found = {}
        for path in self.tree.files():
            if path.endswith((".yaml", ".yml", ".json")) and self._is_looked_at(path):
                documents = encrypted_documents(self.tree.read(path) or b"", path)
                if documents:
                    found[path] = documents
        return found

    def mentions(self, word: bytes) -> bool:
        """Return whether *word* is in any YAML file of the repository."""
        if word not in self._mentioned:
            paths = (path for path in self.tree.files() if path.endswith((".yaml", ".yml")))
            self._mentioned[word] = any(word in (self.tree.read(path) or b"") for path in paths)
        return self._mentioned[word]

    def is_ciphertext(self, path: str) -> bool:
        """Return whether *path* is a file that sops encrypted, in any of its formats, by what its text says."""
        content = self.tree.read(path) or b""
        return b"ENC[AES256_GCM," in content and any(mark in content for mark in _OF_SOPS)

    @cached_property
    def applied_files(self) -> frozenset[str]:
        """Every file that some Kustomization applies."""
        return frozenset(f for a in self.applied for f in a.reach.files)

    @cached_property
    def applied(self) -> tuple[Applied, ...]:
        """Every Kustomization of every cluster, from its root on."""
        return tuple(a for cluster in self.clusters for a in self._follow(cluster))

    def applied_in(self, cluster: Cluster) -> list[Applied]:
        """Return the Kustomizations of *cluster*, its root first; its path alone says which cluster it is."""
        return [a for a in self.applied if a.cluster.path == cluster.path]

    def is_shared(self, file: str, cluster: Cluster) -> bool:
        """Return whether a cluster with another path than *cluster* applies *file* too."""
        others = (a for a in self.applied if a.cluster.path != cluster.path)
        return any(file in a.reach.files for a in others)

    @cached_property
    def before(self) -> View | None:
        """What Flux has already, None if that is not known."""
        return View(self.pushed.tree, None, self.clusters) if self.pushed is not None else None

    def fetched(self, cluster: Cluster) -> Fetched:
        """Return what Flux fetches for *cluster*: all but what ignore rules or its own habit leave out."""
        own_rules = self._spec_ignore(cluster)
        if own_rules not in self._fetched:
            rules = [*self._ignore_rules, *([("", own_rules)] if own_rules is not None else [])]
            is_ignored = ignored_by(rules) if rules else is_left_out
            files = [path for path in self.tree.files() if not is_ignored(path)]
            held = set(files)
            tree = Overlay(
                files, lambda path: self.tree.read(path) if path in held else None, self.tree
            )
            self._fetched[own_rules] = Fetched(tree, defaults=not rules, links=self.links)
        return self._fetched[own_rules]

    def root(self, cluster: Cluster) -> Root:
        """Return the root of *cluster*: the one there is, else what flux bootstrap will write."""
        found = self._roots.get(cluster.path) or root_at(self.tree, cluster)
        return found or bootstrapped_root(self.tree, cluster, cluster.file(flux.DEFAULT_NAMESPACE))

    def customisation(self, cluster: Cluster) -> yaml.Node | None:
        """Return the mapping whose patches customise Flux."""
        return self.root(cluster).customisation(self.tree)

    def own(self, cluster: Cluster) -> FluxKustomization:
        """Return the root Kustomization of *cluster*."""
        return self.root(cluster).kustomization

    def is_absent(self, cluster: Cluster) -> bool:
        """Return whether Git says that Flux reads the path of *cluster* of a Git repository, and this one has no such folder.

        Flux applies nothing then: "kustomization path not found".
        """
        own = self.own(cluster)
        is_said = own.source[0] == "GitRepository" and self.tree.read(own.file) is not None
        return is_said and not is_open(own.path) and not self.tree.below(own.path)

    def _follow(self, cluster: Cluster) -> Iterator[Applied]:
        root = self.root(cluster)
        return follow(cluster, root.kustomization, self.fetched(cluster), root.base, root.address)

    @property
    def is_limited(self) -> bool:
        """Whether the repository has clusters that are not looked at."""
        return not set(self.known) <= set(self.clusters)

    def rule_for(self, path: str) -> CreationRule | None:
        """Return the creation rule of *path*.

        None too if a .sops.yaml stands nearer to it, or sops comes to a rule that cannot be judged,
        which has a check of its own.
        """
        if any(path.startswith(f"{folder}/") for folder in self._ruled_apart):
            return None
        try:
            return choose_rule(self.rules, path)
        except InvalidDocumentError:
            return None

    @cached_property
    def _ruled_apart(self) -> list[str]:
        return [
            posixpath.dirname(path) for path in self.tree.files() if path.endswith(f"/{CONFIG}")
        ]

    def _is_looked_at(self, path: str) -> bool:
        if not self.is_limited:
            return True
        inside = any(c.contains(path) or path.startswith(f"{c.folder}/") for c in self.clusters)
        return inside or path in self.applied_files

    @cached_property
    def _ignore_rules(self) -> list[tuple[str, str]]:
        return ignore_rules(self.tree)

    def _spec_ignore(self, cluster: Cluster) -> str | None:
        """Return spec.ignore of what *cluster*'s Flux reads, None if it says nothing."""
        source = self.root(cluster).kustomization.source
        file = self.root(cluster).kustomization.file
        if b"ignore" not in (self.tree.read(file) or b""):
            return None
        said = (
            text(n, "spec", "ignore")
            for n in self.documents(file)
            if (text(n, "kind"), text(n, "metadata", "name")) == source
        )
        return next((s for s in said if s and holds_rule(s)), None)
