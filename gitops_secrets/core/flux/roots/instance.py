"""A Flux that the Flux Operator installs: what its FluxInstance says, and how it is patched.

The spec of a FluxInstance is that of the object itself, or the ``instance`` among the values of the chart
flux-instance: in a HelmRelease, a values file or a helmfile. Field names and defaults are those of the
FluxInstance API, fluxcd.controlplane.io/v1, and of that chart.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.kustomizations import FluxKustomization
from gitops_secrets.core.flux.kustomize.inputs import input_files
from gitops_secrets.core.flux.kustomize.patches import Subject, patched
from gitops_secrets.core.flux.objects import (
    DEFAULT_NAMESPACE,
    KUSTOMIZATION_NAMES,
    Source,
    normalise,
    select_documents,
)
from gitops_secrets.core.flux.reach import Fetched, reach
from gitops_secrets.core.flux.substitution import is_open
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import get, items, text
from gitops_secrets.errors import GitOpsSecretsError

Keys = tuple[str | int, ...]

_GROUP = b"fluxcd.controlplane.io"
_INSTANCE = rb"kind[\"']?\s*:\s*[\"']?FluxInstance\b"
_RELEASE = rb"kind[\"']?\s*:\s*[\"']?HelmRelease\b"
_VALUES = rb"(?m)^\s*(?:- )?instance\s*:"
_SPEC_FIELDS = ("sync", "distribution", "cluster", "components")
_DEFAULT_COMPONENTS = (
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
)
_TENANTS_RUN_BY = "kustomize-controller"
"""The ServiceAccount that the operator gives Flux's own Kustomization under spec.cluster.multitenant."""


class FluxInstance(NamedTuple):
    """The spec of a FluxInstance, and where it stands."""

    file: str
    line: int
    root: yaml.Node
    """The document that holds it, as overlays leave it."""
    keys: Keys = ("spec",)
    """The way to the spec in that document."""
    overlay: str | None = None
    """The kustomization that makes it of what stands in *file*, None if nothing does."""

    @property
    def spec(self) -> yaml.Node | None:
        """The spec of the FluxInstance."""
        return get(self.root, *self.keys)

    @property
    def namespace(self) -> str:
        """Where Flux runs."""
        target = text(self.root, "spec", "targetNamespace") if len(self.keys) > 1 else None
        return target or text(self.root, "metadata", "namespace") or DEFAULT_NAMESPACE

    @property
    def path(self) -> str | None:
        """spec.sync.path, normalised; None without spec.sync, or if a variable hides it."""
        value = text(self.spec, "sync", "path")
        return normalise(value) if value is not None and not is_open(value) else None

    @property
    def source(self) -> Source:
        """What its own Kustomization reads."""
        kind = text(self.spec, "sync", "kind") or "GitRepository"
        return Source(kind, text(self.spec, "sync", "name") or self.namespace)

    @property
    def registry(self) -> str:
        """The registry of Flux's images: spec.distribution.registry, less its path."""
        return self.distribution.partition("/")[0]

    @property
    def distribution(self) -> str:
        """The registry and path that Flux's images are pulled from, empty if it is not said."""
        return text(self.spec, "distribution", "registry") or ""

    @property
    def accounts(self) -> dict[str, tuple[str, ...]]:
        """Flux's ServiceAccounts with the pull Secret that the operator gives them."""
        names = tuple(str(n.value) for n in items(self.spec, "components"))
        own = text(self.spec, "distribution", "imagePullSecret")
        return dict.fromkeys(names or _DEFAULT_COMPONENTS, (own,) if own else ())

    @property
    def is_locked_down(self) -> bool:
        """Whether the operator locks tenants down."""
        return text(self.spec, "cluster", "multitenant") == "true"

    @property
    def customisation(self) -> yaml.Node | None:
        """spec.kustomize, whose patches count."""
        return get(self.spec, "kustomize")

    @property
    def kustomization(self) -> FluxKustomization:
        """The Kustomization that the operator makes of spec.sync, before spec.kustomize patches it."""
        return FluxKustomization(
            file=self.file,
            line=self.line,
            name=self.source.name,
            namespace=self.namespace,
            path=self.path or ".",
            prune=True,
            source=(self.source.kind, self.source.name),
            source_namespace=None,
            decryption_provider=None,
            decryption_secret=None,
            service_account=_TENANTS_RUN_BY if self.is_locked_down else None,
            annotations={},
        )


def find_instances(tree: Overlay) -> list[FluxInstance]:
    """Return each FluxInstance of *tree*, objects before values; files that are not YAML are passed over."""
    return tree.remember(_find)


def _find(tree: Overlay) -> list[FluxInstance]:
    objects: list[FluxInstance] = []
    values: list[FluxInstance] = []
    for path in tree.files():
        if not path.endswith((".yaml", ".yml")):
            continue
        content = tree.read(path) or b""
        if _GROUP in content and b"FluxInstance" in content:
            objects += _objects(path, content)
        elif b"instance:" in content and re.search(_VALUES, content):
            values += _among_values(path, content)
    values.sort(key=lambda found: len(found.keys) == 1 or isinstance(found.keys[1], int))
    return [*_through_overlays(tree, objects), *values]


def _objects(path: str, content: bytes) -> Iterator[FluxInstance]:
    for line, node in _documents(path, content, _INSTANCE):
        if text(node, "kind") == "FluxInstance":
            yield FluxInstance(path, line, node)


def _among_values(path: str, content: bytes) -> Iterator[FluxInstance]:
    for line, node in _documents(path, content, _VALUES):
        ways: list[Keys] = [("instance",)]
        if text(node, "kind") == "HelmRelease":
            ways = [("spec", "values", "instance")]
        for number, release in enumerate(items(node, "releases")):
            count = len(items(release, "values"))
            ways += [("releases", number, "values", n, "instance") for n in range(count)]
        for keys in ways:
            found = get(node, *keys)
            if isinstance(found, yaml.MappingNode) and any(get(found, f) for f in _SPEC_FIELDS):
                yield FluxInstance(path, line, node, keys)


def _documents(path: str, content: bytes, wanted: bytes) -> list[tuple[int, yaml.Node]]:
    try:
        return list(select_documents(content, path, wanted))
    except GitOpsSecretsError:
        return []


def _through_overlays(tree: Overlay, found: list[FluxInstance]) -> Iterator[FluxInstance]:
    """Yield the instances of *found* as the kustomizations that patch them leave them."""
    if not found:
        return
    fetched = Fetched(tree, defaults=False)
    patching: set[str] = set()
    made: list[FluxInstance] = []
    for path in tree.files():
        if posixpath.basename(path) not in KUSTOMIZATION_NAMES:
            continue
        root = fetched.root(path)
        folder = posixpath.dirname(path)
        inputs = [posixpath.normpath(posixpath.join(folder, name)) for name in input_files(root)]
        texts = [tree.read(path) or b"", *(tree.read(name) or b"" for name in inputs)]
        if not any(b"FluxInstance" in written for written in texts):
            continue
        patching |= set(inputs)
        routes = reach(fetched, folder or ".").routes
        made += [_overlaid(i, path, fetched, routes[i.file][0]) for i in found if i.file in routes]
    used = {instance.file for instance in made}
    yield from made
    yield from (i for i in found if i.file not in used | patching)


def _overlaid(
    instance: FluxInstance, overlay: str, fetched: Fetched, chain: tuple[str, ...]
) -> FluxInstance:
    name = text(instance.root, "metadata", "name") or ""
    patches = [patch for path in chain for patch in fetched.patches(path)]
    root = patched(instance.root, Subject("FluxInstance", name), patches)
    return instance._replace(root=root, overlay=overlay if root is not instance.root else None)
