"""Bring a cluster its namespace, its identity and its pull Secrets, as Git has them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.cluster.answers import ConflictError, being_deleted
from gitops_secrets.adapters.cluster.api import Cluster, connect
from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.git.repository import Repository, literal
from gitops_secrets.adapters.git.revision import tree_of
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.running.interrupts import end_on_signals
from gitops_secrets.adapters.writing.transaction import cleared_up
from gitops_secrets.commands.secrets.pruning import Leftover, Pruning, delete
from gitops_secrets.commands.secrets.wanted import PullSecret, Wanted, meant_clusters, read_wanted
from gitops_secrets.core.live import patches as applying
from gitops_secrets.core.live.shown import leftover_change, namespace_change, secret_change
from gitops_secrets.core.repository.commands import bootstrap_command
from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.repository.layout import Cluster as ClusterPath
from gitops_secrets.errors import GitOpsSecretsError

_AS_BEFORE = ("unchanged", "kept")


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
    prune: bool = False
    """Whether what Git no longer wants is deleted, as far as this tool made it."""
    confirm_deletion: Callable[[Cluster, Sequence[Leftover]], bool] = lambda *_: False
    """Asked, before anything is deleted, whether all of it may be."""
    dry_run: bool = False
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""


class Step(NamedTuple):
    """What became of one object: created, added, changed, unchanged, deleted, removed or kept."""

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


def apply(request: Request) -> Outcome:
    """Apply the last commit's namespace, identity and pull Secrets, in that order; create and add.

    With *prune*, and only then, what this commit no longer wants is deleted afterwards.

    The order leaves no back-off window: what pulls comes after what it pulls with. Raises
    GitOpsSecretsError where the repository or the cluster does not allow it, UsageError for a
    invalid request.
    """
    repository = open_repository(request.repository)
    request.progress("reading and decrypting the last commit")
    with nullcontext() if request.dry_run else cleared_up(repository) as recovered:
        outcome = _apply(request, repository)
    notes = (recovered,) if recovered else ()
    return outcome._replace(notes=(*notes, *outcome.notes))


def _apply(request: Request, repository: Repository) -> Outcome:
    revision = _head(repository)
    tree = tree_of(repository, revision)
    paths = meant_clusters(tree, repository.top, request.paths, all_clusters=request.all_clusters)
    keyring = Keyring(request.identity_file)
    wanted = [read_wanted(tree, path, keyring) for path in paths]
    cluster = connect(request.kubeconfig, request.context)
    if not request.dry_run and not request.confirm(cluster):
        raise GitOpsSecretsError(
            f"not applied to {cluster.context}: not confirmed", "--context NAME"
        )
    if not request.dry_run:
        end_on_signals(
            f"{cluster.context} may have some of it; the same command again applies the rest"
        )
    steps: list[Step] = []
    unseen: tuple[str, ...] = ()
    try:
        for one in wanted:
            _apply_one(cluster, one, request, steps)
        if request.prune:
            pruning = Pruning(repository, revision, cluster, request.progress)
            _prune(cluster, pruning.find(paths, wanted), request, steps)
            unseen = (pruning.unseen,)
    except GitOpsSecretsError as error:
        raise _with_what_was_done(error, steps, request) from None
    return Outcome(
        cluster.context,
        cluster.server,
        revision,
        tuple(path.path for path in paths),
        tuple(steps),
        (*_notes(repository, paths), *unseen),
    )


def _with_what_was_done(
    error: GitOpsSecretsError, steps: Sequence[Step], request: Request
) -> GitOpsSecretsError:
    done = ", ".join(f"{s.object} {s.done}" for s in steps if s.done not in _AS_BEFORE)
    if request.dry_run or not done:
        return error
    return GitOpsSecretsError(
        error.message,
        *error.hints,
        f"the same command again applies the rest; applied so far: {done}",
    )


def _head(repository: Repository) -> str:
    """Return the last commit. Flux sees commits, not work trees."""
    commit = repository.commit("HEAD")
    if not commit:
        raise GitOpsSecretsError(
            f"{repository.top} has no commit yet", bootstrap_command("clusters/prod")
        )
    return commit


def _apply_one(cluster: Cluster, wanted: Wanted, request: Request, steps: list[Step]) -> None:
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


def _apply_identity(cluster: Cluster, wanted: Wanted, request: Request, *, absent: bool) -> Step:
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
    cluster: Cluster, secret: PullSecret, request: Request, *, absent: bool
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
            "commit that it reads; --force applies this one's now",
            "git push",
            "--force",
        )
    try:
        after, created = _apply_secret(cluster, patch, request, absent=absent, force=request.force)
    except ConflictError as error:
        raise GitOpsSecretsError(
            f"{error.message}; --force applies the value all the same", *error.hints, "--force"
        ) from None
    return Step(
        shown,
        "created" if created else "changed",
        f"from {secret.file}",
        secret_change(live, after, patch.body),
    )


def _prune(
    cluster: Cluster, leftovers: Sequence[Leftover], request: Request, steps: list[Step]
) -> None:
    """Delete those of *leftovers* that do not stay, once all of them are confirmed."""
    steps += [Step(left.object, "kept", left.why) for left in leftovers if left.stays]
    going = [left for left in leftovers if not left.stays]
    if going and not request.dry_run and not request.confirm_deletion(cluster, going):
        raise GitOpsSecretsError(
            f"nothing is deleted from {cluster.context}: not confirmed",
            "the same command with --dry-run shows what would be deleted",
        )
    for left in going:
        request.progress(f"deleting {left.object} from {cluster.context}")
        if not request.dry_run:
            delete(cluster, left)
        done = "removed" if left.entry else "deleted"
        detail = f"{left.entry}: {left.why}" if left.entry else left.why
        steps.append(Step(left.object, done, detail, leftover_change(left.secret, left.entry)))


def _notes(repository: Repository, paths: Sequence[ClusterPath]) -> tuple[str, ...]:
    concerned = [CONFIG, *(f for p in paths for f in (p.kustomization_file, p.folder))]
    out = repository.ask("diff", "--name-only", "-z", "HEAD", "--", *map(literal, concerned))
    changed = [os.fsdecode(path) for path in out.split(b"\0") if path]
    if not changed:
        return ()
    return (f"applied as committed; not committed yet: {', '.join(changed)}",)
