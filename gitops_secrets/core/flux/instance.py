"""A Flux that the Flux Operator installs: what its FluxInstance says, and how it is patched.

Field names and defaults are those of the FluxInstance API, fluxcd.controlplane.io/v1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.objects import (
    DEFAULT_NAMESPACE,
    FluxInstallation,
    FluxKustomization,
    Source,
    find_clusters,
    normalise,
)
from gitops_secrets.core.flux.patches import patched_decryption, patched_service_account
from gitops_secrets.core.flux.patching import patch_decryption, patch_service_accounts
from gitops_secrets.core.repository.layout import CONFIG, Cluster, as_laid_out
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nested import edit_block
from gitops_secrets.core.yamltext.nodes import (
    compose_documents,
    compose_single,
    get,
    items,
    position,
    text,
)
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_GROUP = b"fluxcd.controlplane.io"
_DEFAULT_COMPONENTS = (
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
)
_TENANTS_RUN_BY = "kustomize-controller"
"""The ServiceAccount that the operator gives Flux's own Kustomization under spec.cluster.multitenant."""


class FluxInstance(NamedTuple):
    """A FluxInstance object, and the file it stands in."""

    file: str
    root: yaml.Node

    @property
    def namespace(self) -> str:
        """Where Flux runs."""
        return text(self.root, "metadata", "namespace") or DEFAULT_NAMESPACE

    @property
    def path(self) -> str | None:
        """spec.sync.path, normalised; None without spec.sync."""
        value = text(self.root, "spec", "sync", "path")
        return normalise(value) if value is not None else None

    @property
    def source(self) -> Source:
        """What its own Kustomization reads."""
        kind = text(self.root, "spec", "sync", "kind") or "GitRepository"
        return Source(kind, text(self.root, "spec", "sync", "name") or self.namespace)

    @property
    def registry(self) -> str:
        """The registry of Flux's images: spec.distribution.registry, less its path."""
        return (text(self.root, "spec", "distribution", "registry") or "").partition("/")[0]

    @property
    def distribution(self) -> str:
        """The registry and path that Flux's images are pulled from, empty if it is not said."""
        return text(self.root, "spec", "distribution", "registry") or ""

    @property
    def accounts(self) -> dict[str, tuple[str, ...]]:
        """Flux's ServiceAccounts with the pull Secret that the operator gives them."""
        names = tuple(str(n.value) for n in items(self.root, "spec", "components"))
        own = text(self.root, "spec", "distribution", "imagePullSecret")
        return dict.fromkeys(names or _DEFAULT_COMPONENTS, (own,) if own else ())

    @property
    def service_account(self) -> str | None:
        """The serviceAccountName that Kustomizations of Flux's own namespace need, None for none."""
        kustomize = get(self.root, "spec", "kustomize")
        patched = patched_service_account(kustomize, self.source.name, _no_file)
        locked = text(self.root, "spec", "cluster", "multitenant") == "true"
        return patched or (_TENANTS_RUN_BY if locked else None)

    @property
    def kustomization(self) -> FluxKustomization:
        """The Kustomization that the operator makes of spec.sync, with what spec.kustomize patches."""
        kustomize = get(self.root, "spec", "kustomize")
        provider, secret = patched_decryption(kustomize, self.source.name, _no_file)
        return FluxKustomization(
            file=self.file,
            line=position(self.root).line,
            name=self.source.name,
            namespace=self.namespace,
            path=self.path or ".",
            prune=True,
            source=(self.source.kind, self.source.name),
            source_namespace=None,
            decryption_provider=provider,
            decryption_secret=secret,
            service_account=self.service_account,
            annotations={},
        )


def find_instances(tree: Overlay) -> Iterator[FluxInstance]:
    """Yield each FluxInstance of *tree*; files that are not YAML are passed over."""
    for path in tree.files():
        content = tree.read(path) if path.endswith((".yaml", ".yml")) else None
        if content is None or _GROUP not in content or b"FluxInstance" not in content:
            continue
        try:
            documents = compose_documents(content, path)
        except GitOpsSecretsError:
            continue
        yield from (FluxInstance(path, n) for n in documents if text(n, "kind") == "FluxInstance")


def instances_by_cluster(tree: Overlay) -> dict[Cluster, FluxInstance]:
    """Return the FluxInstances that sync a path, by the cluster that it makes."""
    files, config = tree.files(), tree.read(CONFIG) or b""
    return {
        as_laid_out(Cluster(i.path), files, config): i
        for i in find_instances(tree)
        if i.path is not None
    }


def clusters_of(tree: Overlay) -> list[Cluster]:
    """Return every cluster of the repository, whatever installs its Flux, by path."""
    bootstrapped = find_clusters(tree.files(), tree.read(CONFIG) or b"")
    return sorted({*bootstrapped, *instances_by_cluster(tree)})


def find_instance(tree: Overlay, cluster: Cluster) -> FluxInstance | None:
    """Return the FluxInstance that syncs *cluster*, else the one below its path; None if there is none."""
    found = list(find_instances(tree))
    syncing = [i for i in found if i.path == cluster.path]
    below = [i for i in found if cluster.contains(i.file)]
    return next(iter(syncing or below), None)


def installation(
    cluster: Cluster, instance: FluxInstance, namespace: str | None, source: Source | None
) -> FluxInstallation:
    """Return what *instance* says of *cluster*'s Flux.

    Raises UsageError if *namespace* or *source*, which the user gave, is another, and
    GitOpsSecretsError where it syncs another path than *cluster*'s.
    """
    where = f"{instance.file}:{position(instance.root).line}"
    if instance.path not in (None, cluster.path):
        raise GitOpsSecretsError(
            f"{where}: the FluxInstance syncs the path {instance.path!r}, not {cluster.path!r}",
            f"pass --path {instance.path}"
            if instance.path != "."
            else f"if the artifact is made from {cluster.path}, run in a repository whose top it is",
        )
    if namespace not in (None, instance.namespace):
        raise UsageError(f"{where} has Flux in {instance.namespace}, not in {namespace}")
    found = instance.source if instance.path is not None else source or instance.source
    if source is not None and (found.kind, found.name) != (source.kind, source.name):
        raise UsageError(f"{where} has Flux read {found.kind}/{found.name}")
    return FluxInstallation(
        instance.namespace, found, bootstrapped=True, service_account=instance.service_account
    )


def patch_instance(
    content: bytes, instance: FluxInstance, secret: str, decrypt_with: str | None = None
) -> bytes:
    """Return the FluxInstance's file with *secret* on every ServiceAccount, by spec.kustomize.patches.

    With *decrypt_with* its Kustomization decrypts with that Secret too. What is there stays, and a
    second run changes nothing. Raises InvalidDocumentError for a file
    with several documents, or one that cannot be edited safely.
    """

    def patched(block: bytes) -> bytes:
        root = compose_single(block, instance.file)
        new = patch_service_accounts(
            block, instance.file, root, instance.accounts, secret, _no_file
        )
        if decrypt_with is None:
            return new
        return patch_decryption(new, instance.file, instance.source.name, decrypt_with)

    return edit_block(content, instance.file, ("spec", "kustomize"), patched)


def _no_file(_name: str) -> bytes:
    """Read no patch from a file: a FluxInstance has none."""
    return b""
