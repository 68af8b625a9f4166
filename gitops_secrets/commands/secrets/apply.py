"""Bring a cluster its namespace, its identity and its pull Secrets, as Git has them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters import age
from gitops_secrets.adapters.age import Identity
from gitops_secrets.adapters.cluster.answers import ConflictError, being_deleted
from gitops_secrets.adapters.cluster.api import Cluster, connect
from gitops_secrets.adapters.git.repository import Repository, literal, open_repository
from gitops_secrets.adapters.git.revision import tree_of
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.running.interrupts import end_on_signals
from gitops_secrets.adapters.writing.transaction import clear_up
from gitops_secrets.commands.repository.clusters import cluster_at
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.flux import objects as flux
from gitops_secrets.core.flux.kustomizations import FluxKustomization, find_kustomizations
from gitops_secrets.core.flux.roots.find import clusters_of, named_cluster, root_at
from gitops_secrets.core.live import patches as applying
from gitops_secrets.core.live.shown import namespace_change, secret_change
from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.core.repository.layout import CONFIG, ENDINGS
from gitops_secrets.core.repository.layout import Cluster as ClusterPath
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.creationrules import parse_rules, recorded_recipient
from gitops_secrets.core.sops.pullsecret import read_config
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.core.wiring.kustomization import IDENTITY_SECRET
from gitops_secrets.core.yamltext.nodes import compose_single, text
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class Request(NamedTuple):
    """What the user asks of apply."""

    repository: Path
    paths: Sequence[str]
    all_clusters: bool
    context: str | None
    kubeconfig: Path | None
    identity_file: Path | None
    confirm: Callable[[Cluster], bool]
    """Asked, before anything is written, whether this is the cluster that is meant."""
    force: bool = False
    dry_run: bool = False
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""


class Step(NamedTuple):
    """What became of one object: created, added, changed or unchanged."""

    object: str
    done: str
    detail: str = ""
    change: Change | None = None
    """The object before and after, every value hidden; None if nothing changes."""


class Outcome(NamedTuple):
    """What apply did, or with dry_run would do."""

    context: str
    server: str
    revision: str
    paths: tuple[str, ...]
    steps: tuple[Step, ...]
    notes: tuple[str, ...]


class _PullSecret(Veiled):
    __slots__ = ("dockerconfigjson", "file", "name", "namespace")

    def __init__(self, file: str, name: str, namespace: str, dockerconfigjson: bytes) -> None:
        self.file = file
        self.name = name
        self.namespace = namespace
        self.dockerconfigjson = dockerconfigjson


class _Wanted(NamedTuple):
    """What one cluster path wants of the cluster."""

    namespace: str
    identity: Identity
    identity_secret: str
    pull_secrets: tuple[_PullSecret, ...]


def apply(request: Request) -> Outcome:
    """Apply the last commit's namespace, identity and pull Secrets, in that order; only create and add.

    The order leaves no back-off window: what pulls comes after what it pulls with. Raises
    GitOpsSecretsError where the repository or the cluster does not allow it, UsageError for a
    invalid request.
    """
    repository = open_repository(request.repository)
    request.progress("reading and decrypting the last commit")
    recovered = clear_up(repository) if not request.dry_run else None
    revision = _head(repository)
    tree = tree_of(repository, revision)
    paths = _cluster_paths(request, tree, repository.top)
    keyring = Keyring(request.identity_file)
    wanted = [_read_wanted(tree, path, keyring) for path in paths]
    cluster = connect(request.kubeconfig, request.context)
    if not request.dry_run and not request.confirm(cluster):
        raise GitOpsSecretsError(
            f"not applied to {cluster.context}: not confirmed", "--context names another cluster"
        )
    if not request.dry_run:
        end_on_signals(
            f"{cluster.context} may have some of it; the same command again applies the rest"
        )
    steps: list[Step] = []
    try:
        for one in wanted:
            _apply_one(cluster, one, request, steps)
    except GitOpsSecretsError as error:
        raise _with_what_was_done(error, steps, request) from None
    return Outcome(
        cluster.context,
        cluster.server,
        revision,
        tuple(path.path for path in paths),
        tuple(steps),
        (*([recovered] if recovered else []), *_notes(repository, paths)),
    )


def _with_what_was_done(
    error: GitOpsSecretsError, steps: Sequence[Step], request: Request
) -> GitOpsSecretsError:
    done = ", ".join(f"{s.object} {s.done}" for s in steps if s.done != "unchanged")
    if request.dry_run or not done:
        return error
    return GitOpsSecretsError(
        error.message,
        *error.hints,
        f"the same command again applies the rest; applied so far: {done}",
    )


def _head(repository: Repository) -> str:
    """Return the last commit. Flux sees commits, not work trees."""
    done = repository.git("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if done.status:
        raise GitOpsSecretsError(
            f"{repository.top} has no commit yet", "gitops-secrets bootstrap --path clusters/prod"
        )
    return done.stdout.decode().strip()


def _cluster_paths(request: Request, tree: Overlay, top: Path) -> list[ClusterPath]:
    if request.paths and request.all_clusters:
        raise UsageError("--path and --all exclude each other")
    if request.paths:
        named = dict.fromkeys(cluster_at(path, tree, top) for path in request.paths)
        return [named_cluster(tree, cluster) for cluster in named]
    found = clusters_of(tree)
    if len(found) == 1 or (found and request.all_clusters):
        return found
    names = ", ".join(cluster.path for cluster in found) or "none that Flux was bootstrapped at"
    raise UsageError(f"which cluster? in this commit: {names}", "--path clusters/prod")


def _read_wanted(tree: Overlay, path: ClusterPath, keyring: Keyring) -> _Wanted:
    secrets = [f for f in tree.files() if f.startswith(f"{path.folder}/") and f.endswith(ENDINGS)]
    if path.inline:
        namespace, identity_secret = _own(tree, path)
    else:
        kustomization = _kustomization(path, tree.read(path.kustomization_file))
        namespace = kustomization.namespace or flux.DEFAULT_NAMESPACE
        identity_secret = kustomization.decryption_secret or IDENTITY_SECRET
    recipient = recorded_recipient(parse_rules(tree.read(CONFIG) or b""), path)
    if recipient is None:
        raise GitOpsSecretsError(
            f"{CONFIG} records no recipient for {path.path}",
            f"gitops-secrets bootstrap --path {path.path} --image-pull-secret regcred",
        )
    age.refuse_missing(keyring.named)
    identity = keyring.first([recipient])
    if identity is None:
        raise GitOpsSecretsError(
            f"the identity of {path.path} is not at hand; its recipient is {recipient}",
            "pass --age-identity-file with the cluster's identity",
        )
    sealer = Sealer(tree, Keyring.of(identity))
    return _Wanted(
        namespace,
        identity,
        identity_secret,
        tuple(_open(sealer, file) for file in secrets),
    )


def _own(tree: Overlay, path: ClusterPath) -> tuple[str, str]:
    """Return the namespace of an inline cluster's Flux, and the Secret that it decrypts with."""
    from gitops_secrets.core.wiring.inline import own_decryption

    own = own_decryption(tree, path)
    if own is None:
        root = root_at(tree, path)
        return root.namespace if root is not None else flux.DEFAULT_NAMESPACE, IDENTITY_SECRET
    return own.namespace, own.secret or IDENTITY_SECRET


def _kustomization(path: ClusterPath, content: bytes | None) -> FluxKustomization:
    found = find_kustomizations(path.kustomization_file, content or b"")
    if len(found) != 1:
        raise GitOpsSecretsError(
            f"{path.kustomization_file} is not in the last commit",
            f"gitops-secrets bootstrap --path {path.path} --image-pull-secret regcred",
        )
    return found[0]


def _open(sealer: Sealer, file: str) -> _PullSecret:
    plain = sealer.open(file).plain
    root = compose_single(plain.content, file)
    name, namespace = text(root, "metadata", "name"), text(root, "metadata", "namespace")
    if name is None or namespace is None:
        raise GitOpsSecretsError(f"{file}: names no namespace and name")
    return _PullSecret(file, name, namespace, read_config(plain))


def _apply_one(cluster: Cluster, wanted: _Wanted, request: Request, steps: list[Step]) -> None:
    """Apply what one cluster path wants, and add each step to *steps* as soon as it is done."""
    name = wanted.namespace
    request.progress(f"applying Namespace {name} to {cluster.context}")
    there = cluster.find("Namespace", name)
    if there is not None and (there.get("status") or {}).get("phase") == "Terminating":
        raise being_deleted(f"namespace {name}", f"namespace {name}", cluster.kubectl)
    shown = f"Namespace {name}"
    if there is None and cluster.create_namespace(name, dry_run=request.dry_run):
        steps.append(Step(shown, "created", change=namespace_change(name)))
    else:
        steps.append(Step(shown, "unchanged"))
    # In a dry run a namespace that is not there takes no Secret, not even for show.
    absent = there is None and request.dry_run
    steps.append(_apply_identity(cluster, wanted, request, absent=absent))
    for secret in wanted.pull_secrets:
        step = _apply_pull_secret(cluster, secret, request, absent=absent)
        steps.append(step)


def _apply_identity(cluster: Cluster, wanted: _Wanted, request: Request, *, absent: bool) -> Step:
    namespace, name = wanted.namespace, wanted.identity_secret
    request.progress(f"applying Secret {namespace}/{name} to {cluster.context}")
    live = None if absent else cluster.find("Secret", name, namespace)
    identity = wanted.identity
    patch = applying.plan_identity(
        live, namespace, name, identity.recipient, identity.secret, cluster.kubectl
    )
    shown = f"Secret {namespace}/{name}"
    if patch is None:
        return Step(shown, "unchanged", f"holds the identity of {identity.recipient}")
    after, created = _apply_secret(cluster, patch, request, absent=absent)
    entry = applying.identity_entry(identity.recipient)
    return Step(
        shown,
        "created" if created else "added",
        f"{entry} for {identity.recipient}",
        secret_change(live, after, patch.body),
    )


def _apply_secret(
    cluster: Cluster,
    patch: applying.SecretPatch,
    request: Request,
    *,
    absent: bool,
    force: bool = False,
) -> tuple[applying.Object, bool]:
    """Return the Secret as it is then, and whether it was created."""
    if absent:
        return patch.body, True
    return cluster.apply_secret(patch.body, patch.manager, force=force, dry_run=request.dry_run)


def _apply_pull_secret(
    cluster: Cluster, secret: _PullSecret, request: Request, *, absent: bool
) -> Step:
    shown = f"Secret {secret.namespace}/{secret.name}"
    request.progress(f"applying {shown} to {cluster.context}")
    live = None if absent else cluster.find("Secret", secret.name, secret.namespace)
    patch = applying.plan_pull_secret(
        live, secret.namespace, secret.name, secret.dockerconfigjson, cluster.kubectl
    )
    if patch is None:
        return Step(shown, "unchanged", "equal to Git's")
    if live is not None and applying.owned_by_flux(live) and not request.force:
        raise GitOpsSecretsError(
            f"{shown} differs from this commit's, and Flux owns it: Flux brings the value of the "
            "commit that it reads",
            "git push, and Flux applies it",
            f"--force applies {secret.file} now; Flux undoes that where its commit says otherwise",
        )
    try:
        after, created = _apply_secret(cluster, patch, request, absent=absent, force=request.force)
    except ConflictError as error:
        raise GitOpsSecretsError(
            error.message, *error.hints, "--force takes the value over from its owner"
        ) from None
    return Step(
        shown,
        "created" if created else "changed",
        f"from {secret.file}",
        secret_change(live, after, patch.body),
    )


def _notes(repository: Repository, paths: Sequence[ClusterPath]) -> tuple[str, ...]:
    concerned = [CONFIG, *(f for p in paths for f in (p.kustomization_file, p.folder))]
    out = repository.ask("diff", "--name-only", "-z", "HEAD", "--", *map(literal, concerned))
    changed = [os.fsdecode(path) for path in out.split(b"\0") if path]
    if not changed:
        return ()
    return (f"applied as committed; not committed yet: {', '.join(changed)}",)
