"""Flux's side of a cluster: that Flux decrypts our folder, and its ServiceAccounts pull with the Secret."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core import flux
from gitops_secrets.core.artifact import check_artifact, guard_generated, kustomization_at
from gitops_secrets.core.flux import FluxInstallation, FluxKustomization, Source
from gitops_secrets.core.layout import PULL_SECRETS, Cluster
from gitops_secrets.core.overlay import Overlay
from gitops_secrets.core.patches import (
    patch_service_accounts,
    patched_service_account,
    service_accounts,
)
from gitops_secrets.core.secret import CLUSTER_ANNOTATION
from gitops_secrets.core.splice import insert_item, quote, scalar_item
from gitops_secrets.core.yamldoc import compose_documents, compose_single, items, text
from gitops_secrets.errors import GitOpsSecretsError, UsageError

IDENTITY_SECRET = "sops-age"  # noqa: S105
"""The Secret of a cluster's age identities, by the name that Flux's documentation gives it."""

_LOCKED_DOWN = b"--default-service-account="
_LOCKDOWN_ACCOUNT = "kustomize-controller"
_IMAGE = rb"(?m)^\s+(?:- )?image:\s*[\"']?([^\s\"'@]+)"
_PUBLIC = frozenset(
    {"ghcr.io", "docker.io", "index.docker.io", "quay.io", "gcr.io", "registry.k8s.io"}
)


class Wired(NamedTuple):
    """What was planned for one cluster."""

    installation: FluxInstallation
    components: str
    """The path of gotk-components.yaml."""
    service_accounts: tuple[str, ...]
    notes: tuple[str, ...]


def flux_folder(tree: Overlay, cluster: Cluster, namespace: str | None) -> str:
    """Return the folder that ``flux bootstrap`` owns in *cluster*: it bears the namespace's name."""
    if namespace is not None:
        return cluster.file(namespace)
    prefix = "" if cluster.path == "." else f"{cluster.path}/"
    for path in tree.files():
        folder, name = posixpath.split(path)
        if name == flux.SYNC and posixpath.dirname(folder) == prefix.rstrip("/"):
            return folder
    return cluster.file(flux.DEFAULT_NAMESPACE)


def private_registry(tree: Overlay, cluster: Cluster, namespace: str | None) -> str:
    """Return the registry that Flux's own images come from, by gotk-components.yaml.

    Raises UsageError asking for --registry where there is none yet, or it is public.
    """
    path = f"{flux_folder(tree, cluster, namespace)}/{flux.COMPONENTS}"
    hosts: set[str] = {
        image.decode().split("/", 1)[0]
        for image in re.findall(_IMAGE, tree.read(path) or b"")
        if b"/" in image
    }
    private = sorted(hosts - _PUBLIC)
    if len(private) == 1:
        return private[0]
    reason = "comes from several registries" if private else "names no private registry"
    raise UsageError(f"which registry? {path} {reason}", "--registry registry.example.com:5000")


def wire(
    tree: Overlay, cluster: Cluster, secret: str, namespace: str | None, source: Source | None
) -> Wired:
    """Plan all that Flux needs to decrypt *cluster*'s folder and to pull with *secret*.

    Raises GitOpsSecretsError or UsageError for a repository in which that would not work, or would
    stop what works today.
    """
    folder = flux_folder(tree, cluster, namespace)
    installation = _installation(tree, cluster, folder, namespace, source)
    _create_flux_files(tree, folder)
    content = tree.read(f"{folder}/kustomization.yaml") or b""
    name = f"{folder}/kustomization.yaml"
    root = compose_single(content, name)
    read = _patch_reader(tree, folder)
    components_file = f"{folder}/{flux.COMPONENTS}"
    components = tree.read(components_file) or b""
    accounts = service_accounts(components, components_file)
    tree.write(name, patch_service_accounts(content, name, root, accounts, secret, read))
    account, notes = _service_account(installation, root, name, components, read)
    objects = _flux_kustomizations(tree)
    _refuse_foreign_kustomization(cluster, installation, objects)
    _write_kustomization(tree, cluster, installation, account)
    _list_in_cluster_kustomization(tree, cluster, installation)
    _list_resource(tree, cluster.folder, posixpath.basename(cluster.secret_file(secret)))
    notes += guard_generated(tree, cluster, objects)
    check_artifact(tree, cluster, installation, folder, secret)
    return Wired(installation, components_file, tuple(accounts), tuple(notes))


def _installation(
    tree: Overlay, cluster: Cluster, folder: str, namespace: str | None, source: Source | None
) -> FluxInstallation:
    default = FluxInstallation(
        namespace or posixpath.basename(folder),
        source or Source(name=namespace or flux.DEFAULT_NAMESPACE),
        bootstrapped=False,
    )
    sync_file = f"{folder}/{flux.SYNC}"
    found = flux.read_installation(cluster, sync_file, tree.read(sync_file) or b"", default)
    if namespace is not None and found.namespace != namespace:
        raise UsageError(f"{sync_file} has Flux in {found.namespace}, not in {namespace}")
    if source is not None and (found.source.kind, found.source.name) != (source.kind, source.name):
        raise UsageError(f"{sync_file} has Flux read {found.source.kind}/{found.source.name}")
    for path in tree.files():
        if cluster.contains(path) and path.endswith((".yaml", ".yml")):
            content = tree.read(path) or b""
            if b"fluxcd.controlplane.io" in content and any(
                text(node, "kind") == "FluxInstance" for node in compose_documents(content, path)
            ):
                raise GitOpsSecretsError(
                    f"{path}: Flux is installed here by a FluxInstance, which bootstrap cannot wire",
                    "add the ServiceAccount patch and spec.decryption to spec.kustomize.patches there",
                )
    return found


def _create_flux_files(tree: Overlay, folder: str) -> None:
    """Plan the three files that Flux documents for customisation before its first bootstrap."""
    for name in (flux.COMPONENTS, flux.SYNC):
        if tree.read(f"{folder}/{name}") is None:
            tree.write(f"{folder}/{name}", b"")
    path = f"{folder}/kustomization.yaml"
    if tree.read(path) is None:
        other = [n for n in flux.KUSTOMIZATION_NAMES[1:] if tree.read(f"{folder}/{n}") is not None]
        if other:
            raise GitOpsSecretsError(
                f"{folder}/{other[0]}: flux bootstrap keeps customisation only in kustomization.yaml",
                f"git mv {folder}/{other[0]} {path}",
            )
        tree.write(
            path,
            b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            b"resources:\n- gotk-components.yaml\n- gotk-sync.yaml\n",
        )


def _patch_reader(tree: Overlay, folder: str) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        path = posixpath.normpath(f"{folder}/{name}")
        content = None if path.startswith("../") else tree.read(path)
        if content is None:
            raise GitOpsSecretsError(
                f"{folder}/kustomization.yaml names a patch that is not there: {name}"
            )
        return content

    return read


def _service_account(
    installation: FluxInstallation,
    root: yaml.Node | None,
    name: str,
    components: bytes,
    read: Callable[[str], bytes],
) -> tuple[str | None, list[str]]:
    """Return the serviceAccountName that our Kustomization needs, and what to say about it."""
    patched = patched_service_account(root, installation.namespace, read)
    account = installation.service_account or patched
    patches = "".join(str(text(entry, "patch")) for entry in items(root, "patches")).encode()
    if account is None and _LOCKED_DOWN in components + patches:
        note = f"{name} locks tenants down: the Kustomization {PULL_SECRETS} runs as {_LOCKDOWN_ACCOUNT}"
        return _LOCKDOWN_ACCOUNT, [note]
    return account, []


def _flux_kustomizations(tree: Overlay) -> list[FluxKustomization]:
    found = []
    for path in tree.files():
        if path.endswith((".yaml", ".yml")):
            content = tree.read(path) or b""
            if flux.KUSTOMIZATION_GROUP.encode() in content:
                found += _tolerant(path, content)
    return found


def _tolerant(path: str, content: bytes) -> list[FluxKustomization]:
    """Return the Kustomizations of a file; none where it is a template that is no YAML by itself."""
    try:
        return flux.find_kustomizations(path, content)
    except GitOpsSecretsError:
        return []


def _refuse_foreign_kustomization(
    cluster: Cluster, installation: FluxInstallation, objects: Sequence[FluxKustomization]
) -> None:
    for found in objects:
        same = found.name == PULL_SECRETS and found.namespace in (None, installation.namespace)
        if not same or not cluster.contains(found.file):
            continue
        if found.annotations.get(CLUSTER_ANNOTATION) != cluster.path:
            raise GitOpsSecretsError(
                f"{found.file}:{found.line}: a Kustomization {PULL_SECRETS} is there that was not "
                f"made for {cluster.path}",
                f"rename it, or if it is ours, give it the annotation {CLUSTER_ANNOTATION}: {cluster.path}",
            )


def _write_kustomization(
    tree: Overlay, cluster: Cluster, installation: FluxInstallation, account: str | None
) -> None:
    path = cluster.kustomization_file
    content = tree.read(path)
    wanted = _render_kustomization(cluster, installation, account)
    if content is None:
        tree.write(path, wanted)
        return
    here = flux.find_kustomizations(path, content)
    if len(here) != 1 or here[0].annotations.get(CLUSTER_ANNOTATION) != cluster.path:
        raise GitOpsSecretsError(
            f"{path} is there and was not made by gitops-secrets", f"git mv {path} {path}.old"
        )
    if _essence(here[0]) != _essence(flux.find_kustomizations(path, wanted)[0]):
        tree.write(path, wanted)


def _essence(found: FluxKustomization) -> tuple[object, ...]:
    """Return what must be as we write it; the rest, intervals for example, a user may change."""
    return (
        *(found.name, found.namespace, found.path, found.prune, found.source),
        *(found.decryption_provider, found.decryption_secret, found.service_account),
    )


def _render_kustomization(
    cluster: Cluster, installation: FluxInstallation, account: str | None
) -> bytes:
    run_as = f"  serviceAccountName: {account}\n" if account else ""
    return f"""\
# Flux decrypts the pull Secrets by a Kustomization of their own: a decryption that fails then holds
# back nothing else of the cluster.
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: {PULL_SECRETS}
  namespace: {installation.namespace}
  annotations:
    {CLUSTER_ANNOTATION}: {quote(cluster.path)}
spec:
  interval: 10m
  retryInterval: 1m
  timeout: 2m
  path: {quote(f"./{cluster.folder}")}
  prune: false
  wait: true
  sourceRef:
    kind: {installation.source.kind}
    name: {installation.source.name}
{run_as}  decryption:
    provider: sops
    secretRef:
      name: {IDENTITY_SECRET}
""".encode()


def _list_in_cluster_kustomization(
    tree: Overlay, cluster: Cluster, installation: FluxInstallation
) -> None:
    path, content = kustomization_at(tree, cluster.path)
    if content is None:
        return
    root = compose_single(content, path)
    namespace = text(root, "namespace")
    if namespace not in (None, installation.namespace):
        raise GitOpsSecretsError(
            f"{path}: its namespace {namespace} would move the Kustomization {PULL_SECRETS} out of "
            f"{installation.namespace}",
            "move what needs that namespace into a folder with a kustomization of its own",
        )
    _list_resource(tree, cluster.path, posixpath.basename(cluster.kustomization_file))


def _list_resource(tree: Overlay, folder: str, file: str) -> None:
    """Name *file* in the kustomization of *folder*, where there is one: it takes only what it lists."""
    path, content = kustomization_at(tree, folder)
    if content is None:
        return
    root = compose_single(content, path)
    listed = {posixpath.normpath(text(node) or "") for node in items(root, "resources")}
    if file not in listed and "." not in listed:
        tree.write(path, insert_item(content, path, "resources", scalar_item(file)))
