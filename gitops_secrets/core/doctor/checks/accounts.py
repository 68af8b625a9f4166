"""That Flux's ServiceAccounts pull with the Secret, and Kustomizations may do what they are to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.accounts import pull_secrets_of
from gitops_secrets.core.flux.kustomize.patches import patches_mention
from gitops_secrets.core.flux.roots.patching import pulling_accounts
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.commands import bootstrap_command
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.sops.secrets import PULL_SECRET_TYPE
from gitops_secrets.core.yamltext.nodes import get, items, text
from gitops_secrets.errors import GitOpsSecretsError

RANKS = {"lockdown": 150, "service-accounts": 160, "pod-template": 170}


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield accounts without the pull Secret, and what a lockdown forbids."""
    view = given.view
    for cluster in view.clusters:
        yield from _check_accounts(view, cluster)
        yield from _check_lockdown(view, cluster)


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
        accounts = pulling_accounts(view.tree, view.root(cluster))
        templates = _template_secrets(view, cluster)
    except GitOpsSecretsError:
        return
    lacking = [a for a, secrets in accounts if a not in templates and not names & set(secrets)]
    others = [a for a, _ in accounts if templates.get(a) and not names & set(templates[a])]
    if others:
        components = view.root(cluster).components or ""
        more = f" and {len(others) - 1} more" if others[1:] else ""
        yield Diagnosis(
            "pod-template",
            ERROR,
            f"Deployment {others[0]}{more} of Flux names imagePullSecrets of its own, {', '.join(templates[others[0]])}: "
            f"those of its ServiceAccount, with {ours[0][1].name}, count for nothing",
            (components, ours[0][0]),
            f"run flux bootstrap again without --image-pull-secret, or with {ours[0][1].name}",
        )
    if lacking:
        path, document = ours[0]
        yield Diagnosis(
            "service-accounts",
            ERROR,
            f"ServiceAccount {lacking[0]}{f' and {len(lacking) - 1} more' if lacking[1:] else ''} of Flux "
            f"lacks the pull Secret {document.name}",
            (_customised_in(view, cluster), path),
            bootstrap_command(cluster.path, document.name or "regcred"),
        )


def _template_secrets(view: View, cluster: Cluster) -> dict[str, list[str]]:
    """Return the pull Secrets of Flux's pod templates by ServiceAccount; of those that patches may change none.

    ``flux bootstrap --image-pull-secret`` puts them there, and a pod that names some is given no others.
    """
    found: dict[str, list[str]] = {}
    components = view.root(cluster).components
    for node in view.objects(components, "Deployment") if components is not None else ():
        name = text(node, "metadata", "name") or ""
        spec = get(node, "spec", "template", "spec")
        secrets = list(pull_secrets_of(spec))
        if secrets:
            is_patched = patches_mention(
                view.customisation(cluster),
                "Deployment",
                name,
                ("imagePullSecrets",),
                view.root(cluster).reader(view.tree),
            )
            found[text(spec, "serviceAccountName") or name] = [] if is_patched else secrets
    return found


def _customised_in(view: View, cluster: Cluster) -> str:
    root = view.root(cluster)
    return root.patches_in.file if root.patches_in is not None else root.kustomization.file


class Lockdown(NamedTuple):
    """What the arguments of kustomize-controller forbid."""

    default_account: str | None
    """Whom a Kustomization without serviceAccountName writes as, None if that is Flux itself."""
    no_cross_namespace: bool


def read_lockdown(options: str) -> Lockdown:
    """Return what the arguments in the text *options* forbid."""
    account = re.search(r"--default-service-account=([\w.-]+)", options)
    return Lockdown(
        account[1] if account is not None else None,
        re.search(r"--no-cross-namespace-refs(?!=false)\b", options) is not None,
    )


def git_lockdown(view: View, cluster: Cluster) -> Lockdown:
    """Return what Git says of *cluster*'s lockdown: gotk-components.yaml, patches, or the FluxInstance."""
    patches = [text(e, "patch") or "" for e in items(view.customisation(cluster), "patches")]
    root = view.root(cluster)
    if root.instance is not None and root.instance.is_locked_down:
        named = text(root.instance.spec, "cluster", "tenantDefaultServiceAccount")
        return Lockdown(named or "default", no_cross_namespace=True)
    components = view.tree.read(root.components) or b"" if root.components is not None else b""
    return read_lockdown("\n".join([components.decode(errors="replace"), *patches]))


def _check_lockdown(view: View, cluster: Cluster) -> Iterator[Diagnosis]:
    lockdown = git_lockdown(view, cluster)
    for applied in view.applied_in(cluster):
        if applied.is_own:
            continue
        found = applied.kustomization
        if lockdown.default_account and not found.service_account:
            yield Diagnosis(
                "lockdown",
                ERROR,
                f"{applied.object} names no serviceAccountName, and tenants are locked down: it may write nothing",
                (applied.place, _customised_in(view, cluster)),
                f"in {found.file}, spec.serviceAccountName: kustomize-controller",
            )
        if lockdown.no_cross_namespace and found.source_namespace not in (None, applied.namespace):
            yield Diagnosis(
                "lockdown",
                ERROR,
                f"{applied.object} reads a source of namespace {found.source_namespace}, which the lockdown forbids",
                (applied.place,),
                f"put it into namespace {found.source_namespace}",
            )
