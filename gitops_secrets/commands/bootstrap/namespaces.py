"""The pull Secret for further namespaces: a copy of the one of Flux, each in a folder of its own."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Sequence

from gitops_secrets.commands.bootstrap.model import NamespaceOutcome, Request
from gitops_secrets.commands.bootstrap.rule import Ruled, plan_tenants_rule
from gitops_secrets.commands.secrets.pull_secret import Registries, plan_pull_secret
from gitops_secrets.commands.secrets.ruling import ruling_for
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.flux.namespaces import made_namespaces
from gitops_secrets.core.flux.pulls.resourcesets import copied_into
from gitops_secrets.core.flux.roots.find import find_roots
from gitops_secrets.core.flux.roots.housing import housed
from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.flux.suggesting import bootstrap_of
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.kubenames import DEFAULT_ACCOUNT
from gitops_secrets.core.repository.layout import CONFIG, ENDINGS, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.pullsecret import PullSecret
from gitops_secrets.core.wiring.attaching import held_namespaces, operator_command
from gitops_secrets.core.wiring.copying import (
    copy_by_operator,
    refuse_without_operator,
    resource_set,
    resource_set_file,
)
from gitops_secrets.core.wiring.kustomization import record_everywhere
from gitops_secrets.core.wiring.namespaces import wire_namespaces
from gitops_secrets.core.wiring.wire import Wired
from gitops_secrets.errors import UsageError


def chosen_secret(tree: Overlay, cluster: Cluster) -> str:
    """Return the name of the only pull Secret that *cluster* has. Raises UsageError if it has none or several."""
    names = [
        posixpath.basename(file).removesuffix(ENDINGS[0])
        for file in tree.below(cluster.folder)
        if posixpath.dirname(file) == cluster.folder and file.endswith(ENDINGS[0])
    ]
    if not names:
        raise UsageError(
            f"{cluster.path} has no pull Secret yet in {cluster.folder}",
            bootstrap_of(View(tree, only=[cluster]), cluster),
        )
    if names[1:]:
        raise UsageError(
            f"{cluster.path} has {len(names)} pull Secrets: {', '.join(names)}",
            f"--image-pull-secret {names[0]}",
        )
    return names[0]


def _asked(
    asked: Iterable[tuple[str, str]], own: str, spaces: Collection[str]
) -> dict[str, list[str]]:
    """Return the namespaces of *asked* with their accounts, and *spaces*.

    Raises UsageError for *own*, the namespace of Flux, which has the Secret itself.
    """
    found: dict[str, list[str]] = {}
    for namespace, account in asked:
        if namespace == own:
            raise UsageError(
                f"{own} is the namespace of Flux, whose ServiceAccounts have the pull Secret by bootstrap",
                "name another namespace",
            )
        names = found.setdefault(namespace, [])
        names += [name for name in (account or DEFAULT_ACCOUNT,) if name not in names]
    for namespace in sorted(spaces):
        found.setdefault(namespace, [])
    return found


def _copied_by_operator(
    request: Request,
    tree: Overlay,
    ruled: Ruled,
    wired: Wired,
    secret: str,
    asked: dict[str, list[str]],
    held: Collection[str],
) -> list[NamespaceOutcome]:
    """Plan that the operator copies *secret* into those of *asked*; they leave *asked*.

    Raises UsageError if a namespace would get the Secret in two ways.
    """
    cluster = ruled.cluster
    view = View(tree)
    file = resource_set_file(cluster, secret)
    if not request.resource_set:
        there = sorted(set(copied_into(view, cluster, secret)) & set(asked))
        twice = [namespace for namespace in there if asked[namespace]]
        if twice:
            raise UsageError(
                f"{file} has the Flux Operator copy {secret} into {', '.join(twice)} already",
                operator_command(
                    view,
                    cluster,
                    secret,
                    held,
                    [(name, one) for name, accounts in asked.items() for one in accounts],
                    beside=request.accounts if request.all_namespaces else None,
                    sources=request.sources,
                ),
            )
        for namespace in there:
            # For a source alone, the copy of the operator is enough.
            del asked[namespace]
        return []
    refuse_without_operator(view, cluster)
    for namespace in sorted(set(asked) & set(held)):
        if not asked[namespace]:
            # For a source alone, its file is enough.
            del asked[namespace]
            continue
        tenant = cluster.of_namespace(namespace)
        raise UsageError(
            f"{namespace} has a file with a copy of {secret} already: {tenant.secret_file(secret)}",
            f"git rm -r {tenant.folder} {tenant.kustomization_file} && git commit",
        )
    if not asked:
        return []
    own = wired.installation.namespace
    found = copy_by_operator(tree, cluster, own, secret, asked)
    asked.clear()
    readers = tuple(r.value for r in ruled.recipients)
    return [
        NamespaceOutcome(
            one.namespace,
            file,
            None,
            Registries(),
            readers,
            one.accounts,
            one.notes,
            resource_set(secret),
        )
        for one in found
    ]


def plan_namespaces(
    request: Request,
    tree: Overlay,
    sealer: Sealer,
    ruled: Ruled,
    wired: Wired,
    whole: PullSecret,
    spaces: Collection[str],
) -> tuple[NamespaceOutcome, ...]:
    """Plan a copy of the pull Secret *whole* for each namespace, and all that makes pods pull with it.

    *spaces* are namespaces that get the copy alone, for what is not a pod.

    Copies that are there already get the credentials that are new. Raises GitOpsSecretsError where that
    cannot be done.
    """
    roots = find_roots(tree)
    cluster, secret = _housed(tree, ruled.cluster, roots), whole.name
    accounts = request.accounts
    if request.all_namespaces:
        made = _every_namespace(tree, ruled.cluster, wired.installation.namespace)
        accounts = (*accounts, *((name, "") for name in made))
        record_everywhere(tree, ruled.cluster, secret)
    asked, held = (
        _asked(accounts, wired.installation.namespace, spaces),
        held_namespaces(tree, cluster, secret),
    )
    by_operator = _copied_by_operator(request, tree, ruled, wired, secret, asked, held)
    asked = {**asked, **{name: [] for name in held if name not in asked}}
    if not asked:
        return tuple(by_operator)
    plan_tenants_rule(request, tree, cluster.of_namespace(next(iter(asked))), roots, ruled)
    attached = wire_namespaces(tree, cluster, wired, secret, asked, roots)
    outcomes = []
    for found in attached:
        tenant = cluster.of_namespace(found.namespace)
        path = tenant.secret_file(secret)
        request.progress(f"encrypting {path}")
        copy = PullSecret(cluster.path, found.namespace, secret, whole.entries)
        ruling = ruling_for(tree.read(CONFIG) or b"", path)
        planned = plan_pull_secret(sealer, tree, path, copy, ruling)
        outcomes.append(
            NamespaceOutcome(
                found.namespace,
                path,
                tenant.kustomization,
                planned.registries,
                ruling.recipients,
                found.accounts,
                found.notes,
                account_file=found.account_file,
            )
        )
    return (*outcomes, *by_operator)


def _every_namespace(tree: Overlay, cluster: Cluster, own: str) -> list[str]:
    """Return the namespaces that Git makes in *cluster*, but *own*, that of Flux. Raises UsageError if there are none."""
    if cluster.inline:
        raise UsageError(
            f"--all-namespaces is recorded in the Kustomization of the pull Secrets, and {cluster.path} has the inline "
            "layout, which has none",
            f"gitops-secrets attach NAMESPACE --path {cluster.path}",
        )
    found = [name for name in made_namespaces(View(tree, only=[cluster]), cluster) if name != own]
    if not found:
        raise UsageError(
            f"Git makes no namespace in {cluster.path} but that of Flux",
            f"gitops-secrets attach NAMESPACE --path {cluster.path}",
        )
    return found


def _housed(tree: Overlay, cluster: Cluster, roots: Sequence[Root]) -> Cluster:
    """Return *cluster* with the folder for copies: Secrets below its own path have no such folder yet."""
    if not cluster.inline:
        return cluster
    root = next((root for root in roots if root.cluster.path == cluster.path), None)
    return housed(tree, root, cluster._replace(inline=False))
