"""What a cluster's manifests pull: their images, and the pull Secrets that they pull them with."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.accounts import ServiceAccount, accounts_in, pull_secrets_of
from gitops_secrets.core.flux.follow import Applied, route_to, shaped, target_namespace
from gitops_secrets.core.flux.kustomize.patches import patches_mention
from gitops_secrets.core.flux.making import kustomized
from gitops_secrets.core.flux.objects import select_documents
from gitops_secrets.core.flux.pulls.resourcesets import copied
from gitops_secrets.core.flux.reach import Fetched
from gitops_secrets.core.flux.roots.patching import pulling_accounts
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.kubenames import DEFAULT_ACCOUNT
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.yamltext.nodes import get, items, position, text
from gitops_secrets.errors import GitOpsSecretsError

_POD_SPECS = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"),
        ("spec", "template", "spec"),
    ),
}
_WORKLOADS = rb"kind[\"']?\s*:\s*[\"']?(?:%s)\b" % "|".join(_POD_SPECS).encode()
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_IMAGE_PATCHED = ("image", "containers", "initContainers")
_PULL_PATCHED = ("imagePullSecrets", "serviceAccountName")

Name = tuple[str, str]
"""Namespace and name."""


class Workload(NamedTuple):
    """Something whose pods pull images."""

    object: str
    file: str
    namespace: str
    images: tuple[str, ...]
    """None of them where patches may change them."""
    pull_secrets: tuple[str, ...] | None
    """Those of its pods, or of their ServiceAccount; None if that cannot be told."""
    account: str
    """The ServiceAccount of its pods."""


def workloads(view: View, cluster: Cluster) -> Iterator[Workload]:
    """Yield what the manifests of *cluster* run, and Flux itself where the operator installs it."""
    accounts = accounts_of(view, cluster)
    instance = view.root(cluster).instance
    for name, secrets in _flux_accounts(view, cluster).items() if instance is not None else ():
        registry = instance.distribution if instance is not None else ""
        images = (f"{registry}/{name[1]}",) if registry else ()
        shown = f"Deployment {name[0]}/{name[1]}"
        file = _own(view, cluster).kustomization.file
        yield Workload(shown, file, name[0], images, secrets, name[1])
    for applied in view.applied_in(cluster):
        fetched = view.fetched(cluster)
        for file in applied.reach.files:
            for node in view.tree.derive(file, _workload_nodes):
                yield from _workload(applied, fetched, file, node, accounts)


def accounts_of(view: View, cluster: Cluster) -> dict[Name, tuple[str, ...] | None]:
    """Return the pull Secrets of each ServiceAccount that Git has for *cluster*, None if patches may change them."""
    accounts = dict(_accounts(view, cluster)) | _flux_accounts(view, cluster)
    for copies in copied(view, cluster):
        for namespace, is_default in copies.namespaces.items():
            held = accounts.get((namespace, DEFAULT_ACCOUNT), ())
            if is_default and held is not None:
                accounts[namespace, DEFAULT_ACCOUNT] = (*held, copies.secret)
    return accounts


def _own(view: View, cluster: Cluster) -> Applied:
    return next(a for a in view.applied_in(cluster) if a.is_own)


def _flux_accounts(view: View, cluster: Cluster) -> dict[Name, tuple[str, ...] | None]:
    """Return the accounts of Flux itself; none if what installs it cannot be read."""
    namespace = _own(view, cluster).namespace
    try:
        pulling = pulling_accounts(view.tree, view.root(cluster))
        return {(namespace, name): secrets for name, secrets in pulling}
    except GitOpsSecretsError:
        return {}


def _workload(
    applied: Applied,
    fetched: Fetched,
    file: str,
    node: yaml.Node,
    accounts: dict[Name, tuple[str, ...] | None],
) -> Iterator[Workload]:
    kind, name = text(node, "kind") or "", text(node, "metadata", "name") or ""
    changes = _Changes(applied, fetched, file)
    namespace = target_namespace(applied, fetched, file, text(node, "metadata", "namespace"))
    spec = get(changes.replaced(node), *_POD_SPECS.get(kind, ("nothing",)))
    if spec is None or namespace is None:
        return
    images = tuple(
        changes.image(found)
        for field in _CONTAINERS
        for container in items(spec, field)
        if (found := text(container, "image"))
    )
    named = pull_secrets_of(spec)
    account = text(spec, "serviceAccountName") or DEFAULT_ACCOUNT
    pulling = named or accounts.get((namespace, account), ())
    yield Workload(
        f"{kind} {namespace}/{name}",
        file,
        namespace,
        () if changes.touch(kind, name, _IMAGE_PATCHED) else images,
        None if changes.touch(kind, name, _PULL_PATCHED) else pulling,
        account,
    )


def _accounts(view: View, cluster: Cluster) -> Iterator[tuple[Name, tuple[str, ...] | None]]:
    """Yield the ServiceAccounts with their pull Secrets, None if patches may change them."""
    for applied in view.applied_in(cluster):
        fetched = view.fetched(cluster)
        for file in applied.reach.files:
            for account in view.tree.derive(file, accounts_in):
                namespace = target_namespace(applied, fetched, file, account.namespace)
                if account.name and namespace:
                    changes = _Changes(applied, fetched, file)
                    is_touched = changes.touch("ServiceAccount", account.name, _PULL_PATCHED)
                    secrets = None if is_touched else changes.pull_secrets(account)
                    yield (namespace, account.name), secrets


class _Changes:
    """What kustomizations, and a Kustomization of Flux, make of the objects of a file."""

    def __init__(self, applied: Applied, fetched: Fetched, file: str) -> None:
        self._applied, self._fetched, self._file = applied, fetched, file
        self._route = route_to(applied, file)
        chain = shaped(fetched, self._route)
        self._tree = fetched.tree
        self._roots = [*chain, ("", get(applied.kustomization.root, "spec"))]

    def image(self, image: str) -> str:
        """Return *image* as the ``images`` transformers leave it."""
        for _, root in self._roots:
            for entry in items(root, "images"):
                name = re.split(r"[:@](?!.*/)", image)[0]
                if text(entry, "name") == name:
                    new = text(entry, "newName") or name
                    image = f"{new}:{text(entry, 'newTag') or 'unknown'}"
        return image

    def replaced(self, node: yaml.Node) -> yaml.Node:
        """Return the object *node* as replacements leave it; itself if there are none, or a patch deletes it."""
        if not any(map(self._fetched.replacements, self._route)):
            return node
        found = kustomized(self._fetched, self._applied.reach, self._route, node)
        return found.node if found is not None else node

    def pull_secrets(self, account: ServiceAccount) -> tuple[str, ...]:
        """Return the pull Secrets of *account* as replacements leave them."""
        if not any(map(self._fetched.replacements, self._route)):
            return account.pull_secrets
        documents = self._fetched.documents(self._file)
        node = next((n for n in documents if position(n).line == account.line), None)
        return pull_secrets_of(self.replaced(node)) if node is not None else account.pull_secrets

    def touch(self, kind: str, name: str, words: tuple[str, ...]) -> bool:
        """Return whether a patch of theirs may change one of the fields *words* of the object."""
        return any(
            patches_mention(root, kind, name, words, self._tree.named_in(posixpath.dirname(path)))
            for path, root in self._roots
        )


def _workload_nodes(content: bytes, file: str) -> list[yaml.Node]:
    if b"image" not in content:
        return []
    try:
        return [node for _, node in select_documents(content, file, _WORKLOADS)]
    except GitOpsSecretsError:
        return []
