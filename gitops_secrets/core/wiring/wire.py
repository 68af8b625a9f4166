"""Flux's side of a cluster: that Flux decrypts our folder, and its ServiceAccounts pull with the Secret."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux import objects as flux
from gitops_secrets.core.flux.artifact import check_artifact, guard_generated
from gitops_secrets.core.flux.folder import flux_folder
from gitops_secrets.core.flux.instance import (
    FluxInstance,
    find_instance,
    installation,
    patch_instance,
)
from gitops_secrets.core.flux.objects import FluxInstallation, Source
from gitops_secrets.core.flux.patches import patched_decryption, patched_service_account
from gitops_secrets.core.flux.patching import (
    patch_decryption,
    patch_service_accounts,
    service_accounts,
)
from gitops_secrets.core.repository.layout import PULL_SECRETS, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.wiring.kustomization import (
    IDENTITY_SECRET,
    flux_kustomizations,
    write_kustomization,
)
from gitops_secrets.core.yamltext.nodes import compose_single, items, text
from gitops_secrets.errors import GitOpsSecretsError, UsageError

BOOTSTRAPPED, OPERATED = FLAVOURS = ("flux-bootstrap", "flux-operator")
"""What can install Flux: ``flux bootstrap``, which commits gotk-sync.yaml, or the operator, by a FluxInstance."""

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
    """The file that says which Flux it is: gotk-components.yaml, or the FluxInstance's."""
    described: str
    """The file that says what Flux reads: gotk-sync.yaml, or the FluxInstance's."""
    service_accounts: tuple[str, ...]
    notes: tuple[str, ...]


def private_registry(tree: Overlay, cluster: Cluster, namespace: str | None) -> str:
    """Return the registry that Flux's own images come from, by gotk-components.yaml or the FluxInstance.

    Raises UsageError asking for --registry if there is none yet, or it is public.
    """
    instance = find_instance(tree, cluster)
    if instance is not None and instance.registry not in _PUBLIC:
        return instance.registry
    path = f"{flux_folder(tree, cluster, namespace)}/{flux.COMPONENTS}"
    hosts: set[str] = {
        image.decode().split("/", 1)[0]
        for image in re.findall(_IMAGE, tree.read(path) or b"")
        # An image without a host of its own, as Docker Hub's may be, begins with no dot or port.
        if re.match(rb"[^/]*[.:][^/]*/|localhost/", image)
    }
    private = sorted(hosts - _PUBLIC)
    if len(private) == 1:
        return private[0]
    reason = "comes from several registries" if private else "names no private registry"
    raise UsageError(f"which registry? {path} {reason}", "--registry registry.example.com:5000")


def wire(
    tree: Overlay,
    cluster: Cluster,
    secret: str,
    namespace: str | None,
    source: Source | None,
    flavour: str | None = None,
    *,
    decryption_only: bool = False,
) -> Wired:
    """Plan all that Flux needs to decrypt *cluster*'s folder and to pull with *secret*.

    *flavour* is one of FLAVOURS, None for what is found: whether ``flux bootstrap`` or the Flux
    Operator installs Flux. With *decryption_only* an inline pull Secret is not listed yet. Raises
    GitOpsSecretsError or UsageError for a repository in which that would not work, or would stop what
    works today.
    """
    instance = find_instance(tree, cluster) if flavour != BOOTSTRAPPED else None
    if instance is None and flavour == OPERATED:
        raise UsageError(
            f"--flavour {OPERATED}: no FluxInstance syncs {cluster.path}",
            "commit the FluxInstance first: its spec.kustomize.patches name the pull Secret",
        )
    if instance is not None:
        wired, account = _wire_instance(tree, cluster, instance, secret, namespace, source)
    else:
        wired, account = _wire_bootstrapped(tree, cluster, secret, namespace, source)
    objects = flux_kustomizations(tree)
    if not cluster.inline:
        write_kustomization(tree, cluster, wired.installation, account, objects, secret)
    elif not decryption_only:
        from gitops_secrets.core.wiring.inline import list_pull_secret

        list_pull_secret(tree, cluster, wired.installation.namespace, secret)
    notes = guard_generated(tree, cluster, objects)
    check_artifact(tree, cluster, wired.installation, wired.described, secret)
    return wired._replace(notes=(*wired.notes, *notes))


def _wire_instance(
    tree: Overlay,
    cluster: Cluster,
    instance: FluxInstance,
    secret: str,
    namespace: str | None,
    source: Source | None,
) -> tuple[Wired, str | None]:
    found = installation(cluster, instance, namespace, source)
    content = tree.read(instance.file) or b""
    own = instance.kustomization
    decrypt = IDENTITY_SECRET if cluster.inline and own.decryption_provider is None else None
    tree.write(instance.file, patch_instance(content, instance, secret, decrypt))
    by_hand = (
        []
        if cluster.contains(instance.file)
        else [
            f"{instance.file} is not below {cluster.path}, so Flux does not apply it: kubectl apply -f {instance.file}"
        ]
    )
    wired = Wired(found, instance.file, instance.file, tuple(instance.accounts), tuple(by_hand))
    return wired, found.service_account


def _wire_bootstrapped(
    tree: Overlay, cluster: Cluster, secret: str, namespace: str | None, source: Source | None
) -> tuple[Wired, str | None]:
    folder = flux_folder(tree, cluster, namespace)
    found = _installation(tree, cluster, folder, namespace, source)
    _create_flux_files(tree, folder)
    name = f"{folder}/kustomization.yaml"
    content = tree.read(name) or b""
    root = compose_single(content, name)
    read = _patch_reader(tree, folder)
    components_file = f"{folder}/{flux.COMPONENTS}"
    components = tree.read(components_file) or b""
    accounts = service_accounts(components, components_file)
    content = patch_service_accounts(content, name, root, accounts, secret, read)
    if cluster.inline and not _decrypts(tree, cluster, found, root, read):
        content = patch_decryption(content, name, found.namespace, IDENTITY_SECRET)
    tree.write(name, content)
    account, notes = _service_account(found, root, name, components, read)
    described = f"{folder}/{flux.SYNC}"
    return Wired(found, components_file, described, tuple(accounts), tuple(notes)), account


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
        raise UsageError(
            f"{sync_file} has Flux in {found.namespace}, not in {namespace}",
            "leave --namespace out",
        )
    if source is not None and (found.source.kind, found.source.name) != (source.kind, source.name):
        raise UsageError(
            f"{sync_file} has Flux read {found.source.kind}/{found.source.name}",
            "leave --source out",
        )
    return found


def _decrypts(
    tree: Overlay,
    cluster: Cluster,
    installation: FluxInstallation,
    root: yaml.Node | None,
    read: Callable[[str], bytes],
) -> bool:
    """Return whether Flux's own Kustomization decrypts, or will once ``flux bootstrap`` has made it."""
    from gitops_secrets.core.wiring.inline import own_decryption

    own = own_decryption(tree, cluster)
    if own is not None:
        return own.secret is not None
    return patched_decryption(root, installation.namespace, read)[1] is not None


def _create_flux_files(tree: Overlay, folder: str) -> None:
    """Plan the three files that Flux documents for customisation before its first bootstrap."""
    for name in (flux.COMPONENTS, flux.SYNC):
        if tree.read(f"{folder}/{name}") is None:
            tree.write(f"{folder}/{name}", b"")
    path = f"{folder}/kustomization.yaml"
    if not (tree.read(path) or b"").strip():
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
