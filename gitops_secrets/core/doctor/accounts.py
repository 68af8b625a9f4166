"""That Flux's ServiceAccounts pull with the Secret, and Kustomizations may do what they are to do."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gitops_secrets.core import flux
from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.doctor.follow import target_namespace
from gitops_secrets.core.doctor.view import View
from gitops_secrets.core.layout import Cluster
from gitops_secrets.core.patches import patched_pull_secrets, service_accounts
from gitops_secrets.core.secret import PULL_SECRET_TYPE
from gitops_secrets.core.yamldoc import items, text
from gitops_secrets.errors import GitOpsSecretsError

_LOCKED_DOWN = "--default-service-account="
_NO_CROSS_NAMESPACE = "--no-cross-namespace-refs"
_BUILT_IN = ("default", "kube-system", "kube-public", "kube-node-lease")


def check(view: View) -> Iterator[Diagnosis]:
    """Yield accounts without the pull Secret, missing namespaces, and what a lockdown forbids."""
    for cluster in view.clusters:
        yield from _check_accounts(view, cluster)
        yield from _check_lockdown(view, cluster)
    yield from _check_namespaces(view)


def _check_accounts(view: View, cluster: Cluster) -> Iterator[Diagnosis]:
    ours = [
        (path, document)
        for path, documents in view.encrypted.items()
        for document in documents
        if path.startswith(f"{cluster.folder}/") and document.object_type == PULL_SECRET_TYPE
    ]
    if not ours:
        return
    names = {d.name for _, d in ours}
    try:
        lacking = [a for a, secrets in flux_accounts(view, cluster) if not names & set(secrets)]
    except GitOpsSecretsError:
        return
    if lacking:
        path, document = ours[0]
        yield Diagnosis(
            "service-accounts",
            ERROR,
            f"ServiceAccount {lacking[0]}{f' and {len(lacking) - 1} more' if lacking[1:] else ''} of Flux "
            f"lacks the pull Secret {document.name}",
            (_customised_in(view, cluster), path),
            f"gitops-secrets bootstrap --path {cluster.path} --image-pull-secret {document.name} --registry REGISTRY",
        )


def flux_accounts(view: View, cluster: Cluster) -> list[tuple[str, tuple[str, ...]]]:
    """Return Flux's ServiceAccounts with the pull Secrets that they end up with.

    Raises GitOpsSecretsError where a patch or gotk-components.yaml is not valid YAML.
    """
    return [
        (account, _pull_secrets(view, cluster, account) or present)
        for account, present in _accounts(view, cluster).items()
    ]


def _accounts(view: View, cluster: Cluster) -> dict[str, tuple[str, ...]]:
    if cluster in view.instances:
        return view.instances[cluster].accounts
    components = f"{view.folder(cluster)}/{flux.COMPONENTS}"
    return service_accounts(view.tree.read(components) or b"", components)


def _customised_in(view: View, cluster: Cluster) -> str:
    if cluster in view.instances:
        return view.instances[cluster].file
    return f"{view.folder(cluster)}/kustomization.yaml"


def _pull_secrets(view: View, cluster: Cluster, account: str) -> tuple[str, ...] | None:
    folder = view.folder(cluster)

    def read(name: str) -> bytes:
        return view.tree.read(posixpath.normpath(f"{folder}/{name}")) or b""

    return patched_pull_secrets(view.customisation(cluster), account, read)


def _check_lockdown(view: View, cluster: Cluster) -> Iterator[Diagnosis]:
    folder = view.folder(cluster)
    patches = " ".join(
        text(e, "patch") or "" for e in items(view.customisation(cluster), "patches")
    )
    options = (view.tree.read(f"{folder}/{flux.COMPONENTS}") or b"").decode(
        errors="replace"
    ) + patches
    for applied in view.applied:
        if applied.cluster != cluster or applied.is_own:
            continue
        found = applied.kustomization
        if _LOCKED_DOWN in options and not found.service_account:
            yield Diagnosis(
                "lockdown",
                ERROR,
                f"{applied.object} names no serviceAccountName, and tenants are locked down: it may write nothing",
                (applied.place, f"{folder}/kustomization.yaml"),
                f"in {found.file}, spec.serviceAccountName: kustomize-controller",
            )
        if _NO_CROSS_NAMESPACE in options and found.source_namespace not in (None, found.namespace):
            yield Diagnosis(
                "lockdown",
                ERROR,
                f"{applied.object} reads a source of namespace {found.source_namespace}, which the lockdown forbids",
                (applied.place,),
                f"put it into namespace {found.source_namespace}",
            )


def _check_namespaces(view: View) -> Iterator[Diagnosis]:
    made = {
        text(node, "metadata", "name")
        for path in view.applied_files
        if b"Namespace" in (view.tree.read(path) or b"")
        for node in view.objects(path, "Namespace")
    }
    homes = {a.namespace for a in view.applied if a.is_own}
    for applied in view.applied:
        fetched = view.fetched(applied.cluster)
        for path in applied.reach.files:
            for document in view.encrypted.get(path, ()):
                namespace = target_namespace(applied, fetched, path, document.namespace)
                if namespace and namespace not in made | homes and namespace not in _BUILT_IN:
                    yield Diagnosis(
                        "namespace",
                        WARNING,
                        f"{path} is for namespace {namespace}, which no manifest here makes: while it is missing, "
                        f"{applied.object} applies nothing",
                        (path, applied.place),
                        f"kubectl create namespace {namespace}, or add its manifest",
                    )
