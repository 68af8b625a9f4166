"""The Flux Kustomization that applies a cluster's pull Secrets, and what must list its file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from gitops_secrets.core.flux.artifact import kustomization_at, list_resource
from gitops_secrets.core.flux.kustomizations import (
    FluxKustomization,
    find_kustomizations,
    kustomizations_in,
)
from gitops_secrets.core.flux.objects import FluxInstallation
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.pullsecret import ANNOTATION_PREFIX, CLUSTER_ANNOTATION
from gitops_secrets.core.wiring.folder import check_folder
from gitops_secrets.core.yamltext.nested import edit_block
from gitops_secrets.core.yamltext.nodes import compose_single, text
from gitops_secrets.core.yamltext.splice import quote
from gitops_secrets.errors import GitOpsSecretsError

ALL_NAMESPACES = f"{ANNOTATION_PREFIX}all-namespaces"
"""On the Kustomization of a cluster's pull Secrets: those of which each namespace that Git makes is to have a copy."""
IDENTITY_SECRET = "sops-age"  # noqa: S105
"""The Secret of a cluster's age identities, by the name that Flux's documentation gives it."""


def write_kustomization(
    tree: Overlay,
    cluster: Cluster,
    installation: FluxInstallation,
    account: str | None,
    objects: Sequence[FluxKustomization],
    secret: str,
    base: str = "",
    identity_secret: str | None = None,
) -> None:
    """Plan the Kustomization, run as *account*, and the lists that its file and *secret*'s must be in.

    *objects* are the Kustomizations of the cluster; *base* is the folder that the artifact is made of;
    *identity_secret* is what it decrypts with, None for what it has, else IDENTITY_SECRET. Raises GitOpsSecretsError if somebody else's
    object or file has its name, or what else is in the folder would keep Flux from applying it.
    """
    _refuse_foreign_kustomization(cluster, installation, objects)
    identity_secret = identity_secret or _identity_secret(tree, cluster)
    wanted = _render_kustomization(cluster, installation, account, base, identity_secret)
    _write_kustomization(tree, cluster, wanted)
    _list_in_cluster_kustomization(tree, cluster, installation)
    check_folder(tree, cluster, secret, cluster.tenant or installation.namespace)
    list_resource(tree, cluster.folder, posixpath.basename(cluster.secret_file(secret)))


def _refuse_foreign_kustomization(
    cluster: Cluster, installation: FluxInstallation, objects: Sequence[FluxKustomization]
) -> None:
    for found in objects:
        same = found.name == cluster.kustomization and found.namespace in (
            None,
            installation.namespace,
        )
        if not same or not cluster.contains(found.file):
            continue
        if found.annotations.get(CLUSTER_ANNOTATION) != cluster.path:
            raise GitOpsSecretsError(
                f"{found.file}:{found.line}: a Kustomization {found.name} is there that was not "
                f"made for {cluster.path}",
                f"rename it, or if it is ours, give it the annotation {CLUSTER_ANNOTATION}: {cluster.path}",
            )


def _identity_secret(tree: Overlay, cluster: Cluster) -> str:
    path = cluster.kustomization_file
    found = kustomizations_in(tree.read(path) or b"", path)
    return (found[0].decryption_secret if found else None) or IDENTITY_SECRET


def _write_kustomization(tree: Overlay, cluster: Cluster, wanted: bytes) -> None:
    path = cluster.kustomization_file
    content = tree.read(path)
    if content is None:
        tree.write(path, wanted)
        return
    here = find_kustomizations(path, content)
    if len(here) != 1 or here[0].annotations.get(CLUSTER_ANNOTATION) != cluster.path:
        raise GitOpsSecretsError(
            f"{path} is there and was not made by gitops-secrets", f"git mv {path} {path}.old"
        )
    if _essence(here[0]) != _essence(find_kustomizations(path, wanted)[0]):
        tree.write(path, _recorded(wanted, path, copied_everywhere(here[0])))


def copied_everywhere(kustomization: FluxKustomization) -> tuple[str, ...]:
    """Return the pull Secrets of which each namespace is to have a copy, by what *kustomization* records."""
    value = kustomization.annotations.get(ALL_NAMESPACES, "")
    return tuple(name for name in value.split(",") if name)


def record_everywhere(tree: Overlay, cluster: Cluster, secret: str) -> None:
    """Plan the record that each namespace that Git makes is to have a copy of *secret*."""
    path = cluster.kustomization_file
    content = tree.read(path) or b""
    names = copied_everywhere(find_kustomizations(path, content)[0])
    if secret not in names:
        tree.write(path, _recorded(content, path, (*names, secret)))


def _recorded(content: bytes, path: str, names: Sequence[str]) -> bytes:
    """Return our Kustomization with *names* as the record, in place of the one that it has."""
    if not names:
        return content
    line = f"{ALL_NAMESPACES}: {quote(','.join(names))}\n".encode()

    def edit(block: bytes) -> bytes:
        kept = re.sub(rb"(?m)^%s:.*\n" % re.escape(ALL_NAMESPACES.encode()), b"", block)
        return kept + line

    return edit_block(content, path, ("metadata", "annotations"), edit)


def _essence(found: FluxKustomization) -> tuple[object, ...]:
    """Return what must be as we write it; the rest, intervals for example, a user may change."""
    return (
        *(found.name, found.namespace, found.path, found.prune, found.source),
        *(found.decryption_provider, found.decryption_secret, found.service_account),
    )


def _render_kustomization(
    cluster: Cluster, installation: FluxInstallation, account: str | None, base: str, secret: str
) -> bytes:
    folder = cluster.folder.removeprefix(f"{base}/")
    run_as = f"  serviceAccountName: {account}\n" if account else ""
    return f"""\
# Flux decrypts the pull Secrets by a Kustomization of their own: a decryption that fails then holds
# back nothing else of the cluster.
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: {cluster.kustomization}
  namespace: {installation.namespace}
  annotations:
    {CLUSTER_ANNOTATION}: {quote(cluster.path)}
spec:
  interval: 10m
  retryInterval: 1m
  timeout: 2m
  path: {quote(f"./{folder}")}
  prune: false
  wait: true
  sourceRef:
    kind: {installation.source.kind}
    name: {installation.source.name}
{run_as}  decryption:
    provider: sops
    secretRef:
      name: {secret}
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
            f"{path}: its namespace {namespace} would move the Kustomization {cluster.kustomization} out of "
            f"{installation.namespace}",
            "move what needs that namespace into a folder with a kustomization of its own",
        )
    list_resource(tree, cluster.path, posixpath.basename(cluster.kustomization_file))
