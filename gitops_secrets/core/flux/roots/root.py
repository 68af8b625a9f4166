"""The root Kustomization of a cluster, and what installs its Flux."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.addresses import address_of
from gitops_secrets.core.flux.kustomizations import (
    FluxKustomization,
    kustomizations_in,
    own_kustomization,
)
from gitops_secrets.core.flux.kustomize.patches import Patch, read_patches
from gitops_secrets.core.flux.objects import COMPONENTS, DEFAULT_NAMESPACE, SYNC, composed
from gitops_secrets.core.flux.roots.instance import FluxInstance
from gitops_secrets.core.flux.roots.pushed import artifact_folders
from gitops_secrets.core.flux.substitution import is_open
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import get, text
from gitops_secrets.errors import GitOpsSecretsError


class Installer(StrEnum):
    """What installs Flux."""

    BOOTSTRAP = "flux-bootstrap"
    """``flux bootstrap``, which commits gotk-sync.yaml and gotk-components.yaml."""
    OPERATOR = "flux-operator"
    """The Flux Operator, by a FluxInstance."""
    MANIFESTS = "manifests"
    """Manifests of Flux that a Kustomization, of Flux or of kustomize, applies."""
    EXTERNAL = "external"
    """Something outside Git, or something that this program does not edit."""


class Customised(NamedTuple):
    """The mapping whose ``patches`` change what Flux is installed with."""

    file: str
    line: int
    keys: tuple[str | int, ...] = ()
    """The way to it in the document at *line*; () for a kustomization.yaml itself."""


class Root(NamedTuple):
    """The root Kustomization of one cluster, and what installs its Flux."""

    cluster: Cluster
    kustomization: FluxKustomization
    """As the patches of its installer leave it."""
    installer: Installer
    patches_in: Customised | None
    """None if the installer is not in Git."""
    folder: str | None = None
    """What ``flux bootstrap`` owns, None if something else installs Flux."""
    instance: FluxInstance | None = None
    base: str = ""
    """The folder that the artifact is made of, "" for the repository's top."""

    @property
    def namespace(self) -> str:
        """Where Flux runs, as far as Git says it."""
        return self.kustomization.namespace or DEFAULT_NAMESPACE

    @property
    def address(self) -> str | None:
        """What a FluxInstance has Flux read, None if it is not said there: a source says it by itself."""
        sync = get(self.instance.spec, "sync") if self.instance is not None else None
        url, reference = text(sync, "url"), text(sync, "ref")
        if url is None or reference is None or is_open(url) or is_open(reference):
            return None
        return address_of(url, reference)

    @property
    def components(self) -> str | None:
        """The file of Flux's own manifests, None if ``flux bootstrap`` does not write it."""
        return None if self.folder is None else posixpath.join(self.folder, COMPONENTS)

    def customisation(self, tree: Overlay) -> yaml.Node | None:
        """Return the mapping that holds the patches, None if there is none yet."""
        if self.instance is not None:
            return self.instance.customisation
        return customisation(tree, self.patches_in)

    def reader(self, tree: Overlay) -> Callable[[str], bytes]:
        """Return what reads a patch file by the name that the customisation gives it."""
        folder = posixpath.dirname(self.patches_in.file) if self.patches_in is not None else ""
        return tree.named_in(folder)


def bootstrapped_root(tree: Overlay, cluster: Cluster, folder: str) -> Root:
    """Return the root that ``flux bootstrap`` writes to *folder*, or has written."""
    sync = posixpath.join(folder, SYNC)
    found = tree.derive(sync, kustomizations_in)
    own = found[0] if found else own_kustomization(cluster, sync)
    patches_in = Customised(posixpath.join(folder, "kustomization.yaml"), 1)
    root = Root(cluster, own, Installer.BOOTSTRAP, patches_in, folder)
    return root._replace(kustomization=own.patched(patches_of(tree, root)))


def customisation(tree: Overlay, place: Customised | None) -> yaml.Node | None:
    """Return the mapping at *place*, None if it is not there or not YAML."""
    if place is None:
        return None
    documents = tree.derive(place.file, composed) or []
    before = [d for d in documents if d.start_mark.line < place.line]
    document = before[-1] if before else next(iter(documents), None)
    return get(document, *place.keys)


def patches_of(tree: Overlay, root: Root) -> list[Patch]:
    """Return the patches that change what *root*'s Flux is installed with; none if one is not YAML."""
    try:
        return read_patches(root.customisation(tree), root.reader(tree))
    except GitOpsSecretsError:
        return []


def placed(tree: Overlay, path: str, kind: str, file: str) -> tuple[str, str]:
    """Return *path* of an artifact counted from the repository's top, and the folder that it is made of.

    Git's artifact is the whole repository. Another may be made of a folder: the one that a pipeline
    pushes, else one above *file*, the manifest that names the path, in which the path is found.
    """
    if kind in ("GitRepository", "") or (path != "." and tree.below(path)):
        return path, ""
    above = []
    folder = posixpath.dirname(file)
    while folder:
        above.append(folder)
        folder = posixpath.dirname(folder)
    pushed = [folder for folder in artifact_folders(tree) if tree.below(folder)]
    for base in (*pushed, *reversed(above)):
        joined = posixpath.normpath(posixpath.join(base, path))
        if path == "." and base not in pushed:
            continue
        if base != "." and tree.below(joined):
            return joined, base
    return path, ""
