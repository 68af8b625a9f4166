"""From registry credentials to one commit that Flux decrypts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.age import check_recipient
from gitops_secrets.adapters.files import check_inside, read_file
from gitops_secrets.adapters.git import Head, Repository, open_repository, words
from gitops_secrets.adapters.sops import OUTRANKING_VARIABLES, Encrypt, encrypting, find_sops
from gitops_secrets.adapters.transaction import Transaction, open_transaction
from gitops_secrets.commands.credentials import Source as CredentialSource
from gitops_secrets.commands.identities import (
    ClusterIdentity,
    choose_identity,
    forget_identity,
    keep_identity,
)
from gitops_secrets.commands.pull_secret import Encrypted, PullSecret, encrypt_pull_secret
from gitops_secrets.core.creationrules import (
    CONFIG,
    CreationRule,
    Recipient,
    add_rule,
    choose_rule,
    is_specific,
    parse_rules,
    recorded_recipient,
    replace_rule,
)
from gitops_secrets.core.flux import Source
from gitops_secrets.core.layout import Cluster, parse_cluster_path
from gitops_secrets.core.overlay import Overlay
from gitops_secrets.core.plan import Change
from gitops_secrets.core.registry import Credentials, Registry, parse_registry, refuse_duplicates
from gitops_secrets.core.secret import check_namespace, check_secret_name
from gitops_secrets.core.wiring import Wired, find_clusters, private_registry, wire
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class Request(NamedTuple):
    """What the user asks of bootstrap."""

    repository: Path
    groups: Sequence[tuple[Registry | None, CredentialSource]]
    """Each registry with its credential source; None for the one that Flux's images come from."""
    secret: str
    paths: Sequence[str] = ()
    all_clusters: bool = False
    namespace: str | None = None
    source: Source | None = None
    age_recipients: Sequence[str] = ()
    identity_file: Path | None = None
    keep_shadowed: Callable[[Cluster, CreationRule, Sequence[str]], bool] = lambda *_: False
    """Asked whether the recipients of a rule that ours goes ahead of are to read the Secret too."""
    commit: bool = True
    push: bool = False
    dry_run: bool = False


class ClusterOutcome(NamedTuple):
    """What was planned for one cluster."""

    cluster: Cluster
    namespace: str
    secret_file: str
    registries: Encrypted
    recipients: tuple[Recipient, ...]
    identity: ClusterIdentity
    wired: Wired


class Outcome(NamedTuple):
    """What bootstrap did, or with dry_run would do."""

    clusters: tuple[ClusterOutcome, ...]
    changes: tuple[Change, ...]
    branch: str
    commit: str | None
    pushed: bool
    recovered: str | None
    uncommitted: tuple[str, ...] = ()
    """Files that are as they should be, but in no commit yet."""


def bootstrap(request: Request) -> Outcome:
    """Plan everything, then write it as one commit; the same request again changes nothing.

    Raises UsageError for a request that cannot be meant, GitOpsSecretsError for a repository in
    which it cannot be done; in both cases nothing was written.
    """
    _check(request)
    repository = open_repository(request.repository)
    _refuse_operation(repository)
    if request.dry_run:
        return _outcome(_plan(request, repository), None)
    with open_transaction(repository) as transaction:
        return _apply(request, _plan(request, repository), transaction)


class _Plan(NamedTuple):
    clusters: tuple[ClusterOutcome, ...]
    changes: tuple[Change, ...]
    head: Head
    states: Mapping[str, str]
    """Those of the files concerned that differ from the last commit, with Git's state."""


def _check(request: Request) -> None:
    check_secret_name(request.secret)
    if request.namespace is not None:
        check_namespace(request.namespace)
    for recipient in request.age_recipients:
        check_recipient(recipient)
    refuse_duplicates([registry for registry, _ in request.groups if registry is not None])
    if request.identity_file is not None and (len(request.paths) > 1 or request.all_clusters):
        raise UsageError(
            "--age-identity-file is one cluster's, and several are asked for",
            "run it once for each --path with its --age-identity-file",
        )
    for variable in OUTRANKING_VARIABLES:
        if os.environ.get(variable):
            raise GitOpsSecretsError(
                f"{variable} is set, and sops lets it outrank every rule of {CONFIG}",
                f"unset {variable}; to let somebody read the Secret, pass --age-recipient",
            )
    find_sops()


def _refuse_operation(repository: Repository) -> None:
    under_way = repository.operation_under_way()
    if under_way is not None:
        raise GitOpsSecretsError(
            f"{under_way} is under way in {repository.top}",
            "finish or abort it: git status says how",
        )


def _check_head(repository: Repository, request: Request, head: Head) -> None:
    """Raise GitOpsSecretsError where no commit can be made here."""
    if head.branch is None:
        raise GitOpsSecretsError(
            f"{repository.top} is on no branch (detached HEAD)", "git switch main"
        )
    if request.push and head.upstream is None:
        raise UsageError(
            f"--push: the branch {head.branch} has no upstream",
            f"git push --set-upstream origin {head.branch}",
        )


def _plan(request: Request, repository: Repository) -> _Plan:
    tree = Overlay(repository.list_files(), lambda path: read_file(repository.top, path))
    clusters = _clusters(request, tree)
    registries = _registries(request, tree, clusters[0])
    ruled = [_plan_rule(request, repository, tree, cluster) for cluster in clusters]
    with ExitStack() as stack:
        # sops takes as long to start as all else takes to plan: the first goes on meanwhile.
        encrypt = _start_encryption(stack, request, tree, ruled[0])
        wired = [
            wire(tree, cluster, request.secret, request.namespace, request.source)
            for cluster in clusters
        ]
        secrets = [cluster.secret_file(request.secret) for cluster in clusters]
        ours = [cluster.kustomization_file for cluster in clusters]
        concerned = {CONFIG, *secrets, *ours, *tree.edited()}
        head, states = repository.status(sorted(concerned))
        _check_head(repository, request, head)
        for path in concerned:
            check_inside(repository.top, path)
        _refuse_dirty(states, [change.path for change in tree.changes()])
        # Only now, when all else is seen to be in order: one of the sources may be a prompt.
        credentials = {
            registry.key: source(registry)
            for registry, (_, source) in zip(registries, request.groups, strict=True)
        }
        outcomes = [
            _plan_secret(
                request, tree, rule, wiring, credentials, encrypt if rule is ruled[0] else None
            )
            for rule, wiring in zip(ruled, wired, strict=True)
        ]
    changes = tree.changes()
    _refuse_dirty(states, [change.path for change in changes])
    return _Plan(tuple(outcomes), changes, head, states)


def _clusters(request: Request, tree: Overlay) -> list[Cluster]:
    if request.paths:
        return list(dict.fromkeys(parse_cluster_path(path) for path in request.paths))
    found = find_clusters(tree.files())
    if not found:
        raise UsageError(
            "no cluster is in this repository yet: where is Flux to look?", "--path clusters/prod"
        )
    if len(found) > 1 and not request.all_clusters:
        raise UsageError(
            f"{len(found)} clusters are in this repository: {', '.join(c.path for c in found)}",
            f"--path {found[0].path}, or --all",
        )
    return found


def _registries(request: Request, tree: Overlay, cluster: Cluster) -> list[Registry]:
    registries = [
        registry or parse_registry(private_registry(tree, cluster, request.namespace))
        for registry, _ in request.groups
    ]
    refuse_duplicates(registries)
    return registries


class _Ruled(NamedTuple):
    """A cluster, its identity, and the recipients that its creation rule names."""

    cluster: Cluster
    identity: ClusterIdentity
    recipients: tuple[Recipient, ...]

    @property
    def secrets(self) -> list[bytes]:
        return [self.identity.identity.secret] if self.identity.identity is not None else []


def _start_encryption(
    stack: ExitStack, request: Request, tree: Overlay, ruled: _Ruled
) -> Encrypt | None:
    """Start sops for a pull Secret that is not there yet; None where there is one."""
    path = ruled.cluster.secret_file(request.secret)
    if tree.read(path) is not None:
        return None
    return stack.enter_context(encrypting(tree.read(CONFIG) or b"", path, ruled.secrets))


def _plan_secret(
    request: Request,
    tree: Overlay,
    ruled: _Ruled,
    wired: Wired,
    credentials: Mapping[str, Credentials],
    encrypt: Encrypt | None,
) -> ClusterOutcome:
    wanted = PullSecret(
        cluster=ruled.cluster,
        name=request.secret,
        namespace=wired.installation.namespace,
        credentials=credentials,
        recipients=tuple(r.value for r in ruled.recipients),
        config=tree.read(CONFIG) or b"",
        identity=ruled.identity.identity,
        identity_file=request.identity_file,
    )
    encrypted = encrypt_pull_secret(wanted, tree.read(wanted.path), encrypt)
    tree.write(wanted.path, encrypted.content)
    return ClusterOutcome(
        ruled.cluster,
        wanted.namespace,
        wanted.path,
        encrypted,
        ruled.recipients,
        ruled.identity,
        wired,
    )


def _plan_rule(request: Request, repository: Repository, tree: Overlay, cluster: Cluster) -> _Ruled:
    """Plan the creation rule for *cluster*, and return whom it names."""
    rules = parse_rules(tree.read(CONFIG) or b"")
    recorded = recorded_recipient(rules, cluster)
    identity = choose_identity(cluster, recorded, request.identity_file, repository.top)
    return _Ruled(
        cluster, identity, _plan_recipients(request, tree, cluster, rules, identity.recipient)
    )


def _plan_recipients(
    request: Request,
    tree: Overlay,
    cluster: Cluster,
    rules: Sequence[CreationRule],
    own: str,
) -> tuple[Recipient, ...]:
    content = tree.read(CONFIG)
    siblings = find_clusters(tree.files())
    chosen = choose_rule(rules, cluster.secret_file(request.secret))
    people = [Recipient(value) for value in request.age_recipients]
    if (
        chosen is not None
        and is_specific(chosen, cluster, siblings)
        and chosen.fits_kubernetes()
        and not chosen.other_keys
        and own in [r.value for r in chosen.recipients]
    ):
        known = {r.value for r in chosen.recipients}
        recipients = (*chosen.recipients, *(p for p in people if p.value not in known))
        if len(recipients) > len(chosen.recipients):
            tree.write(CONFIG, replace_rule(content or b"", cluster, recipients, chosen.order))
        return recipients
    if chosen is not None:
        shadowed = [r.value for r in chosen.recipients if r.cluster is None and r.value != own]
        shadowed = [value for value in shadowed if value not in request.age_recipients]
        if shadowed and request.keep_shadowed(cluster, chosen, shadowed):
            people += [Recipient(value) for value in shadowed]
    recipients = tuple(
        {r.value: r for r in [*people, Recipient(own, cluster.path)]}[value]
        for value in dict.fromkeys([own, *(p.value for p in people)])
    )
    tree.write(CONFIG, add_rule(content, cluster, recipients, chosen.order if chosen else None))
    return recipients


def _apply(request: Request, plan: _Plan, transaction: Transaction) -> Outcome:
    repository, head = transaction.repository, plan.head
    if not plan.changes:
        return _outcome(plan, None, transaction.recovered, tuple(sorted(plan.states)))
    try:
        for outcome in plan.clusters:
            keep_identity(outcome.identity)
        if not request.commit:
            transaction.write(plan.changes, head)
            changed = tuple(change.path for change in plan.changes)
            return _outcome(plan, None, transaction.recovered, changed)
        push = (lambda: _push(repository, head)) if request.push else None
        commit = transaction.commit(plan.changes, _message(request, plan), head, push)
    except GitOpsSecretsError:
        # Only where the branch is seen to be as it was: an identity that a commit needs must stay.
        if repository.status([CONFIG])[0].commit == head.commit:
            for outcome in plan.clusters:
                forget_identity(outcome.identity)
        raise
    return _outcome(plan, commit, transaction.recovered, pushed=request.push)


def _refuse_dirty(states: Mapping[str, str], changed: Sequence[str]) -> None:
    for path in changed:
        state = states.get(path)
        if state == "!!":
            raise GitOpsSecretsError(
                f"{path} is ignored by Git", f"git check-ignore --verbose {path}"
            )
        if state is not None:
            raise GitOpsSecretsError(
                f"{path} has changes that are not committed",
                f"git add {path} && git commit, or git stash",
            )


def _push(repository: Repository, head: Head) -> None:
    branch = f"branch.{head.branch}"
    remote = repository.ask("config", "--get", f"{branch}.remote").decode().strip()
    merge = repository.ask("config", "--get", f"{branch}.merge").decode().strip()
    done = repository.git("push", "--quiet", remote, f"HEAD:{merge}")
    # A connection that broke off after the server had accepted is no refusal.
    there = repository.git("ls-remote", remote, merge).stdout if done.status else b""
    if done.status and not there.startswith(repository.ask("rev-parse", "HEAD").strip()):
        raise GitOpsSecretsError(
            f"the push of {head.branch} was refused, and the commit was taken back: {words(done)}",
            "git pull --rebase, and run the same command again",
        )


def _message(request: Request, plan: _Plan) -> str:
    paths = ", ".join(outcome.cluster.path for outcome in plan.clusters)
    registries = "\n".join(f"- {key}" for key in _registry_keys(plan))
    return (
        f"Give Flux the pull Secret {request.secret} in {paths}\n\n"
        f"Encrypted with SOPS for the cluster's own identity; registries:\n{registries}\n"
    )


def _registry_keys(plan: _Plan) -> list[str]:
    keys: dict[str, None] = {}
    for outcome in plan.clusters:
        found = outcome.registries
        keys |= dict.fromkeys([*found.added, *found.updated, *found.unchanged])
    return sorted(keys)


def _outcome(
    plan: _Plan,
    commit: str | None,
    recovered: str | None = None,
    uncommitted: tuple[str, ...] = (),
    *,
    pushed: bool = False,
) -> Outcome:
    return Outcome(
        plan.clusters, plan.changes, plan.head.branch or "", commit, pushed, recovered, uncommitted
    )
