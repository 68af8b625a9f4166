"""That each Secret has the keys of its type, and that what is pulled with is of a type that pulls."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.follow import target_namespace
from gitops_secrets.core.flux.objects import DEFAULT_NAMESPACE
from gitops_secrets.core.flux.pulls.workloads import workloads
from gitops_secrets.core.flux.roots.patching import pulling_accounts
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.sops.secrets import ROOTS
from gitops_secrets.core.sops.secrettypes import missing_key, no_pull_type
from gitops_secrets.core.sops.structure import SopsDocument
from gitops_secrets.core.yamltext.nodes import text
from gitops_secrets.errors import GitOpsSecretsError

RANKS = {"secret-type": 140}

_SOURCES = ("OCIRepository", "HelmRepository", "ImageRepository")
"""The objects of Flux that pull with the Secret in their spec.secretRef."""
Name = tuple[str, str]
"""Namespace and name."""


class _User(NamedTuple):
    """What pulls with a Secret, and its file."""

    object: str
    file: str


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield the encrypted Secrets that the API server refuses, or that something pulls with in vain."""
    view = given.view
    for cluster in view.clusters:
        users = dict(_users(view, cluster))
        for applied in view.applied_in(cluster):
            fetched = view.fetched(cluster)
            for path in applied.reach.files:
                for document in view.encrypted.get(path, ()):
                    if document.kind == "Secret":
                        namespace = target_namespace(applied, fetched, path, document.namespace)
                        name = namespace or DEFAULT_NAMESPACE, document.name or ""
                        yield from _check_secret(path, document, name, users.get(name))


def _check_secret(
    path: str, document: SopsDocument, name: Name, user: _User | None
) -> Iterator[Diagnosis]:
    object_type = document.object_type or "Opaque"
    keys = [str(v.path[1]) for v in document.values if v.path[0] in ROOTS and v.path[1:]]
    missing = missing_key(object_type, keys)
    if missing is not None:
        yield Diagnosis(
            "secret-type",
            ERROR,
            f"Secret {'/'.join(name)} is of type {object_type} and has no key {missing}: the API server refuses it",
            (path,),
            f"gitops-secrets edit {shlex.quote(path)}",
        )
        return
    needed = no_pull_type(object_type, keys)
    if needed is not None and user is not None:
        yield Diagnosis(
            "secret-type",
            ERROR,
            f"{user.object} pulls with Secret {'/'.join(name)}, whose type is {object_type}: only one of type "
            f"{needed} counts",
            (path, user.file),
            f"set type: {needed} by gitops-secrets edit {path}, and delete the Secret, whose type cannot change: "
            f"kubectl -n {name[0]} delete secret {name[1]}",
        )


def _users(view: View, cluster: Cluster) -> Iterator[tuple[Name, _User]]:
    """Yield the Secrets that something of *cluster* pulls with; of Flux's own ServiceAccounts too."""
    own = next(a for a in view.applied_in(cluster) if a.is_own)
    try:
        accounts = pulling_accounts(view.tree, view.root(cluster))
    except GitOpsSecretsError:
        accounts = []
    for account, secrets in accounts:
        for secret in secrets:
            user = _User(f"ServiceAccount {own.namespace}/{account}", own.kustomization.file)
            yield (own.namespace, secret), user
    for workload in workloads(view, cluster):
        for secret in workload.pull_secrets or ():
            yield (workload.namespace, secret), _User(workload.object, workload.file)
    yield from _sources(view, cluster)


def _sources(view: View, cluster: Cluster) -> Iterator[tuple[Name, _User]]:
    for applied in view.applied_in(cluster):
        fetched = view.fetched(cluster)
        for path in applied.reach.files:
            if b"secretRef" not in (view.tree.read(path) or b""):
                continue
            for kind in _SOURCES:
                for node in view.objects(path, kind):
                    secret = text(node, "spec", "secretRef", "name")
                    written = text(node, "metadata", "namespace")
                    namespace = target_namespace(applied, fetched, path, written)
                    if secret and namespace:
                        name = text(node, "metadata", "name") or ""
                        yield (namespace, secret), _User(f"{kind} {namespace}/{name}", path)
