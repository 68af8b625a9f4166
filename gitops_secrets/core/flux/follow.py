"""From the Kustomization that ``flux bootstrap`` wrote to all that it leads to."""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux import objects as flux
from gitops_secrets.core.flux.objects import FluxKustomization, select_documents
from gitops_secrets.core.flux.patches import patched
from gitops_secrets.core.flux.reach import NOWHERE, Fetched, Reach, reach
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.yamltext.nodes import get, items, text
from gitops_secrets.errors import GitOpsSecretsError

_SOURCE = rb"apiVersion[\"']?\s*:\s*[\"']?source\.toolkit\.fluxcd\.io/"

_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")
_PATCHED = ("decryption", "serviceAccountName")


class Applied(NamedTuple):
    """A Kustomization of Flux, and what it applies."""

    cluster: Cluster
    kustomization: FluxKustomization
    reach: Reach
    is_own: bool
    """Whether it is the one that ``flux bootstrap`` wrote, which applies all others."""
    is_elsewhere: bool = False
    """Whether it reads another repository, of which nothing is known here."""

    @property
    def object(self) -> str:
        """Its name, as a sentence has it."""
        found = self.kustomization
        return f"Kustomization {self.namespace}/{found.name}"

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.kustomization.file}:{self.kustomization.line}"

    @property
    def namespace(self) -> str:
        """The namespace that it is in."""
        return self.kustomization.namespace or flux.DEFAULT_NAMESPACE


def follow(cluster: Cluster, own: FluxKustomization, fetched: Fetched) -> Iterator[Applied]:
    """Yield *own*, and each Kustomization that one before it applies, with what it applies itself."""
    todo = deque([(own, True)])
    seen: set[tuple[str, str]] = set()
    sources = _Sources(fetched, own)
    while todo:
        kustomization, is_own = todo.popleft()
        key = kustomization.namespace or flux.DEFAULT_NAMESPACE, kustomization.name
        if key in seen:
            continue
        seen.add(key)
        is_elsewhere = not is_own and not sources.is_here(kustomization)
        here = NOWHERE if is_elsewhere else reach(fetched, kustomization.path)
        applied = Applied(cluster, kustomization, here, is_own, is_elsewhere)
        yield applied
        sources.learn(here)
        todo += [(found, False) for found in _applied_by(applied, fetched)]


def shaped(fetched: Fetched, chain: tuple[str, ...]) -> Iterator[tuple[str, yaml.Node]]:
    """Yield each kustomization of *chain* with its root, in the order in which they change an object."""
    for path in chain:
        yield from ((path, node) for node in fetched.documents(path))


def target_namespace(
    applied: Applied, fetched: Fetched, file: str, written: str | None
) -> str | None:
    """Return the namespace that an object of *file* ends up in, None if nothing says it."""
    found = written
    for _, root in shaped(fetched, applied.reach.chains.get(file, ())):
        found = text(root, "namespace") or found
    return applied.kustomization.target_namespace or found


class _Sources:
    """Which sources hold this very repository."""

    def __init__(self, fetched: Fetched, own: FluxKustomization) -> None:
        self._fetched = fetched
        self._own = _source(own)
        self._urls: dict[tuple[str | None, ...], str] = {}
        self._read: set[str] = set()
        self._learn(own.file)

    def is_here(self, kustomization: FluxKustomization) -> bool:
        """Return whether *kustomization* reads what Flux's own reads, by name or by address."""
        source = _source(kustomization)
        url = self._urls.get(source)
        return source == self._own or (url is not None and url == self._urls.get(self._own))

    def learn(self, found: Reach) -> None:
        """Take in the GitRepositories among what a Kustomization applies."""
        for path in found.files:
            self._learn(path)

    def _learn(self, path: str) -> None:
        content = self._fetched.tree.read(path) or b""
        if path in self._read or b"GitRepository" not in content:
            return
        self._read.add(path)
        try:
            for _, node in select_documents(content, path, _SOURCE):
                url = text(node, "spec", "url")
                if text(node, "kind") == "GitRepository" and url:
                    namespace = text(node, "metadata", "namespace") or flux.DEFAULT_NAMESPACE
                    name = text(node, "metadata", "name")
                    self._urls["GitRepository", name, namespace] = url
        except GitOpsSecretsError:
            return


def _source(kustomization: FluxKustomization) -> tuple[str | None, ...]:
    namespace = kustomization.source_namespace or kustomization.namespace or flux.DEFAULT_NAMESPACE
    return (*kustomization.source, namespace)


def _applied_by(applied: Applied, fetched: Fetched) -> Iterator[FluxKustomization]:
    """Yield the Kustomizations among what *applied* applies, as its patches and kustomizations leave them."""
    kustomizations = [(n, p) for p, n in shaped(fetched, applied.reach.kustomizations)]
    spec = get(applied.kustomization.root, "spec")
    patching = [(n, p) for n, p in (*kustomizations, (spec, "")) if _counts(n)]
    for file in applied.reach.files:
        content = fetched.tree.read(file) or b""
        try:
            found = flux.find_kustomizations(file, content)
        except GitOpsSecretsError:
            continue
        for child in found:
            namespace = target_namespace(applied, fetched, file, child.namespace)
            changed = child._replace(namespace=namespace)
            for root, path in patching:
                changed = _patched(changed, root, path, fetched)
            yield changed


def _counts(root: yaml.Node | None) -> bool:
    """Return whether *root* may patch what matters of a Kustomization: parsing patches takes time."""
    entries = [e for key in _PATCHES for e in items(root, key)]
    inline = [text(e, "patch") or text(e) for e in entries]
    return any(i is None or "\n" not in i or any(w in i for w in _PATCHED) for i in inline)


def _patched(
    child: FluxKustomization, root: yaml.Node | None, path: str, fetched: Fetched
) -> FluxKustomization:
    def read(name: str) -> bytes:
        folder = posixpath.dirname(path)
        return fetched.tree.read(posixpath.normpath(posixpath.join(folder, name))) or b""

    return patched(child, root, read)
