"""From the root Kustomization of a cluster to all that it leads to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux import objects as flux
from gitops_secrets.core.flux.addresses import address_in
from gitops_secrets.core.flux.generated import ARTIFACT, origin
from gitops_secrets.core.flux.kustomizations import (
    FluxKustomization,
    read_kustomization,
)
from gitops_secrets.core.flux.kustomize.mutate import as_node, plain
from gitops_secrets.core.flux.kustomize.patches import Patch
from gitops_secrets.core.flux.making import made, renames
from gitops_secrets.core.flux.objects import sources_in
from gitops_secrets.core.flux.reach import NOWHERE, UNKNOWN, Fetched, Reach, reach
from gitops_secrets.core.flux.settings import Settings
from gitops_secrets.core.flux.substitution import DISABLED, Variables, is_open, substituted
from gitops_secrets.core.flux.underway import Name, Step, Underway, flux_patches, names_along
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.yamltext.nodes import get, items, text

_SOURCES = (b"GitRepository", b"OCIRepository", b"Bucket")


class Applied(NamedTuple):
    """A Kustomization of Flux, and what it applies."""

    cluster: Cluster
    kustomization: FluxKustomization
    reach: Reach
    is_own: bool
    """Whether it is the root, which applies all others."""
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
    def is_remote(self) -> bool:
        """Whether it applies to another cluster."""
        return get(self.kustomization.root, "spec", "kubeConfig") is not None

    @property
    def namespace(self) -> str:
        """The namespace that it is in."""
        return self.kustomization.namespace or flux.DEFAULT_NAMESPACE


def follow(
    cluster: Cluster,
    own: FluxKustomization,
    fetched: Fetched,
    base: str = "",
    address: str | None = None,
) -> Iterator[Applied]:
    """Yield *own*, and each Kustomization that one before it applies, with what it applies itself.

    Every path counts from *base*, the folder that the artifact is made of; "" is the repository's top.
    *address* is that of its source, as ``address_of`` returns it, where no manifest of a source says it.
    """
    todo = deque([(own, _source(own), True)])
    seen: set[tuple[str, str]] = set()
    sources = _Sources(fetched, own, address)
    settings = Settings(fetched)
    while todo:
        kustomization, source, is_own = todo.popleft()
        key = kustomization.namespace or flux.DEFAULT_NAMESPACE, kustomization.name
        if key in seen:
            continue
        seen.add(key)
        is_elsewhere = not is_own and not sources.is_here(source)
        applied = Applied(cluster, kustomization, NOWHERE, is_own=is_own, is_elsewhere=is_elsewhere)
        if not is_elsewhere:
            applied = applied._replace(reach=_reach(kustomization, fetched))
        yield applied
        settings.learn(applied.reach.files)
        variables = settings.variables(kustomization)
        sources.learn(applied, variables)
        for child in _applied_by(applied, fetched, variables):
            read, source = _traced(child, fetched, base)
            below = child if is_own and child.name == own.name else read.below(base)
            todo.append((below, source, False))


def _traced(
    found: FluxKustomization, fetched: Fetched, base: str
) -> tuple[FluxKustomization, tuple[str | None, ...]]:
    """Return *found* and its source; of one that reads an artifact that Git says how to make, as if it read what that is made of."""
    kind, name, namespace = source = _source(found)
    artifact = name or "", namespace or ""
    made_of = origin(fetched, base, artifact, found.path) if kind == ARTIFACT else None
    if made_of is None:
        return found, source
    return found._replace(path=made_of.path), made_of.source


def _reach(kustomization: FluxKustomization, fetched: Fetched) -> Reach:
    if is_open(kustomization.path):
        return UNKNOWN
    components = [text(n) or "" for n in items(kustomization.root, "spec", "components")]
    return reach(fetched, kustomization.path, [name for name in components if not is_open(name)])


def shaped(fetched: Fetched, chain: tuple[str, ...]) -> Iterator[tuple[str, yaml.Node]]:
    """Yield each kustomization of *chain* with its root, in the order in which they change an object."""
    for path in chain:
        yield from ((path, node) for node in fetched.documents(path)[:1])


def target_namespaces(
    applied: Applied, fetched: Fetched, file: str, written: str | None
) -> dict[str | None, None]:
    """Return the namespaces that an object of *file* ends up in; None if nothing says one."""
    spec = get(applied.kustomization.root, "spec")
    found: dict[str | None, None] = {}
    for route in applied.reach.routes.get(file, ((),)):
        replaced = list(_replaced(applied, fetched, file, route, written))
        steps = [Step(root) for _, root in shaped(fetched, route)]
        usual = names_along("", Name(written, ""), steps, spec)[-1].namespace
        found |= dict.fromkeys(replaced or [usual])
    return found


def _replaced(
    applied: Applied, fetched: Fetched, file: str, route: tuple[str, ...], written: str | None
) -> Iterator[str | None]:
    """Yield where the objects of *file* in the namespace *written* are, if a replacement may move them."""
    if renames(fetched, route):
        spec = get(applied.kustomization.root, "spec")
        for node in fetched.documents(file):
            if _place(node, Underway.begin(node).name) == written:
                left = made(fetched, applied.reach, route, spec, node)
                if left is not None:
                    yield _place(node, left[1])


def _place(node: yaml.Node, name: Name) -> str | None:
    """Return the namespace that the object *node* is in, or is."""
    return name.name if text(node, "kind") == "Namespace" else name.namespace


def target_namespace(
    applied: Applied, fetched: Fetched, file: str, written: str | None
) -> str | None:
    """Return the first namespace that an object of *file* ends up in, None if nothing says it."""
    return next(iter(target_namespaces(applied, fetched, file, written)))


def route_to(applied: Applied, file: str) -> tuple[str, ...]:
    """Return the kustomizations that *file* goes through, by the first way to it."""
    return next(iter(applied.reach.routes.get(file, ())), ())


def patches_of(applied: Applied, fetched: Fetched, file: str) -> list[Patch]:
    """Return the patches that an object of *file* meets on its way, in their order."""
    found = [p for path in route_to(applied, file) for p in fetched.patches(path)]
    return [*found, *flux_patches(get(applied.kustomization.root, "spec"))]


class _Sources:
    """Which sources hold this very repository."""

    def __init__(self, fetched: Fetched, own: FluxKustomization, address: str | None) -> None:
        self._fetched = fetched
        self._own = _source(own)
        self._urls: dict[tuple[str | None, ...], str] = {}
        if address is not None:
            self._urls[self._own] = address
        for node in self._in(own.file):
            self._learn(node, Underway.begin(node).name)

    def is_here(self, source: tuple[str | None, ...]) -> bool:
        """Return whether *source* is what the root reads, by name or by address."""
        own = self._urls.get(self._own)
        if source == self._own or own is None:
            return source == self._own
        # Git may have a source that nothing here applies: the cluster has it from before.
        known = [self._urls[source]] if source in self._urls else self._written.get(source, [])
        return own in known

    def learn(self, applied: Applied, variables: Variables | None) -> None:
        """Take in the sources among what *applied* applies, as its patches and *variables* leave them."""
        for file in applied.reach.files:
            for node in self._in(file):
                for source, name in _left(applied, self._fetched, file, node, variables):
                    self._learn(source, name)

    @cached_property
    def _written(self) -> dict[tuple[str | None, ...], list[str]]:
        """The addresses of every source in Git, applied or not, as its manifest has it."""
        found: dict[tuple[str | None, ...], list[str]] = {}
        for path in self._fetched.tree.files():
            for node in self._in(path) if path.endswith((".yaml", ".yml")) else ():
                address = address_in(node)
                if address is not None:
                    found.setdefault(_key(node, Underway.begin(node).name), []).append(address)
        return found

    def _in(self, path: str) -> list[yaml.Node]:
        content = self._fetched.tree.read(path) or b""
        if not any(kind in content for kind in _SOURCES):
            return []
        return self._fetched.tree.derive(path, sources_in)

    def _learn(self, node: yaml.Node, name: Name) -> None:
        address = address_in(node)
        if address is not None:
            self._urls[_key(node, name)] = address


def _key(node: yaml.Node, name: Name) -> tuple[str | None, ...]:
    """Return what a Kustomization names the source *node* by."""
    return text(node, "kind"), name.name, name.namespace or flux.DEFAULT_NAMESPACE


def _source(kustomization: FluxKustomization) -> tuple[str | None, ...]:
    namespace = kustomization.source_namespace or kustomization.namespace or flux.DEFAULT_NAMESPACE
    return (*kustomization.source, namespace)


def _applied_by(
    applied: Applied, fetched: Fetched, variables: Variables | None
) -> Iterator[FluxKustomization]:
    """Yield the Kustomizations among what *applied* applies, as its patches and variables leave them."""
    for file in applied.reach.files:
        for child in fetched.kustomizations(file):
            assert child.root is not None
            for root, (namespace, name) in _left(applied, fetched, file, child.root, variables):
                read = child if root is child.root else read_kustomization(file, child.line, root)
                yield read._replace(name=name, namespace=namespace)


def _left(
    applied: Applied, fetched: Fetched, file: str, node: yaml.Node, variables: Variables | None
) -> Iterator[tuple[yaml.Node, Name]]:
    """Yield the object *node* of *file* and its name, as each way to it and *variables* leave them."""
    spec = get(applied.kustomization.root, "spec")
    for route in applied.reach.routes[file]:
        found = made(fetched, applied.reach, route, spec, node)
        if found is not None:
            root = _substituted(found[0], variables)
            yield root, found[1] if root is found[0] else _called(found[1], variables)


def _substituted(root: yaml.Node, variables: Variables | None) -> yaml.Node:
    if variables is None or _is_kept(root):
        return root
    value = plain(root)
    new = substituted(value, variables)
    return (as_node(new) or root) if new != value else root


def _called(name: Name, variables: Variables | None) -> Name:
    """Return *name* with its variables: an object is named before Flux substitutes them."""
    assert variables is not None
    namespace, own = (str(substituted(part or "", variables)) for part in name)
    return Name(namespace or None, own)


def _is_kept(root: yaml.Node) -> bool:
    fields = ("labels", "annotations")
    return any(text(root, "metadata", field, DISABLED) == "disabled" for field in fields)
