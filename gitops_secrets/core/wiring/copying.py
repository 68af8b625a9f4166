"""That the Flux Operator copies a pull Secret into other namespaces: one ResourceSet in place of a file for each."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from gitops_secrets.core.flux.artifact import list_resource
from gitops_secrets.core.flux.pulls.resourcesets import (
    COPY_FROM,
    ENABLED,
    RECONCILE,
    copied_into,
    copies_in,
)
from gitops_secrets.core.flux.roots.root import Installer
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.kubenames import DEFAULT_ACCOUNT
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.pullsecret import CLUSTER_ANNOTATION
from gitops_secrets.core.sops.secrets import PULL_SECRET_TYPE
from gitops_secrets.core.wiring.namespaces import Attached, not_made, wire_account
from gitops_secrets.core.wiring.spelling import strange_namespace
from gitops_secrets.core.yamltext.splice import quote
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_EVERY = "5m"
"""How often the operator copies: the source carries no label that would tell it of a change."""


_FOLLOWS = "the ResourceSet fails, and no namespace gets a new password,"
"""The operator applies all objects of a ResourceSet or stops at the first that it cannot."""


def resource_set(secret: str) -> str:
    """Return the name of the ResourceSet that copies *secret*."""
    return f"pull-secret-copies-{secret}"


def resource_set_file(cluster: Cluster, secret: str) -> str:
    """Return where it stands: in the Flux path of *cluster*."""
    return cluster.file(f"{resource_set(secret)}.yaml")


def refuse_without_operator(view: View, cluster: Cluster) -> None:
    """Raise UsageError if the Flux Operator does not install the Flux of *cluster*, as far as Git shows."""
    if view.root(cluster).installer is not Installer.OPERATOR:
        raise UsageError(
            f"--resourceset: no FluxInstance syncs {cluster.path}, and only the Flux Operator knows ResourceSets",
            "leave --resourceset away: each namespace gets an encrypted copy",
        )


def copy_by_operator(
    tree: Overlay,
    cluster: Cluster,
    own: str,
    secret: str,
    asked: Mapping[str, Sequence[str]],
) -> list[Attached]:
    """Plan that the operator copies *secret* from *own*, the namespace of Flux, into those of *asked*.

    Namespaces that the ResourceSet has stay. A ServiceAccount that Git makes is edited; ``default``, if Git does
    not make it, comes with the ResourceSet. Raises GitOpsSecretsError if Flux would not apply it.
    """
    view = View(tree)
    applied = view.applied_in(cluster)
    path = resource_set_file(cluster, secret)
    namespaces = _held(tree, cluster, path, secret)
    found = []
    for namespace, accounts in asked.items():
        strange = strange_namespace(view, applied, namespace, _FOLLOWS)
        notes = [strange] if strange else []
        pulling = []
        namespaces.setdefault(namespace, False)
        tenant = cluster.of_namespace(namespace)
        for account in accounts:
            made = wire_account(tree, view, tenant, account, secret)
            if made is None and account == DEFAULT_ACCOUNT:
                namespaces[namespace] = True
                pulling.append(account)
                continue
            pulls, note = made or (False, not_made(tenant, account, secret))
            pulling += [account] if pulls else []
            notes += [note] if note else []
        found.append(Attached(namespace, tuple(pulling), tuple(notes)))
    wanted = _render(cluster, own, secret, namespaces)
    if tree.read(path) != wanted:
        tree.write(path, wanted)
    list_resource(tree, cluster.path, posixpath.basename(path))
    missing = set(namespaces) - set(copied_into(View(tree), cluster, secret))
    if missing:
        raise GitOpsSecretsError(
            f"no Kustomization that Flux runs for {cluster.path} would apply {path}",
            f"list {posixpath.basename(path)} in what it applies, commit, and run again",
        )
    return found


def _held(tree: Overlay, cluster: Cluster, path: str, secret: str) -> dict[str, bool]:
    content = tree.read(path)
    if content is None:
        return {}
    ours = [
        c for c in copies_in(content, path) if (c.cluster_path, c.secret) == (cluster.path, secret)
    ]
    if len(ours) != 1:
        raise GitOpsSecretsError(
            f"{path} is there and was not made by gitops-secrets", f"git mv {path} {path}.old"
        )
    return dict(ours[0].namespaces)


def _render(cluster: Cluster, own: str, secret: str, namespaces: Mapping[str, bool]) -> bytes:
    inputs = "".join(
        f"    - namespace: {quote(name)}\n      defaultAccount: {ENABLED if default else 'disabled'}\n"
        for name, default in sorted(namespaces.items())
    )
    return f"""\
# The Flux Operator copies the pull Secret into these namespaces.
apiVersion: fluxcd.controlplane.io/v1
kind: ResourceSet
metadata:
  name: {resource_set(secret)}
  namespace: {own}
  annotations:
    {CLUSTER_ANNOTATION}: {quote(cluster.path)}
    fluxcd.controlplane.io/reconcileEvery: {_EVERY}
spec:
  commonMetadata:
    annotations:
      fluxcd.controlplane.io/prune: disabled
  dependsOn:
    - apiVersion: v1
      kind: Secret
      name: {quote(secret)}
      namespace: {own}
  inputs:
{inputs}  resources:
    - apiVersion: v1
      kind: Secret
      metadata:
        name: {quote(secret)}
        namespace: << inputs.namespace | quote >>
        annotations:
          {COPY_FROM}: {own}/{secret}
      type: {PULL_SECRET_TYPE}
    - apiVersion: v1
      kind: ServiceAccount
      metadata:
        name: {DEFAULT_ACCOUNT}
        namespace: << inputs.namespace | quote >>
        annotations:
          {RECONCILE}: << inputs.defaultAccount >>
      imagePullSecrets:
        - name: {quote(secret)}
""".encode()
