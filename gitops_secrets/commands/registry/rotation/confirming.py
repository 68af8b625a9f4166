"""Whether clusters have the new credential: by what each says itself, never by what was sent to it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from gitops_secrets.adapters.cluster.api import Cluster, connect
from gitops_secrets.adapters.cluster.kubeconfig import read_contexts
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.commands.registry.rotation.holders import Found, Holder
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.core.flux.pulls.resourcesets import copied_into
from gitops_secrets.core.live.bridge import read_live
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.stages import Journey, Stage, State
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_PAUSE = 2.0
"""Seconds between two looks at a cluster."""


def contexts_of(request: Request, clusters: Sequence[str]) -> dict[str, str]:
    """Return the context of each of the *clusters* that has one.

    Raises UsageError if one is given, or said to be confirmed, for a path that is none of them.
    """
    found = {}
    for value in request.contexts:
        path, equals, name = value.partition("=")
        if not equals or (path not in clusters and len(clusters) == 1):
            path, name = clusters[0], value
            if len(clusters) > 1:
                raise UsageError(
                    f"--context {value} does not say which of {', '.join(clusters)} it is",
                    f"--context {path}={value}",
                )
        found[path] = name
    for path in (*found, *request.confirmed):
        if path not in clusters:
            raise UsageError(
                f"{path} does not hold this credential; those that do: {', '.join(clusters)}",
                f"--confirmed {clusters[0]}",
            )
    return found


def refuse_unknown(request: Request, contexts: Mapping[str, str]) -> None:
    """Raise GitOpsSecretsError if one of *contexts* is in no kubeconfig: before anything is minted."""
    if contexts:
        known = read_contexts(request.kubeconfig)
        for name in contexts.values():
            known.choose(name)


def confirm_all(
    request: Request,
    repository: Repository,
    found: Found,
    contexts: Mapping[str, str],
    commit: str,
    journey: Journey,
) -> bool:
    """Note whether every cluster applied *commit*, by its own word or by the user's, and return that.

    Raises GitOpsSecretsError if a cluster that was asked has not.
    """
    clusters = found.holding.clusters
    unnamed = [path for path in clusters if path not in contexts and path not in request.confirmed]
    if unnamed:
        words = (
            f"{', '.join(unnamed)} not confirmed: --context names the cluster to ask, and --confirmed says that "
            "you saw it apply the commit"
        )
        journey.note(Stage.CONFIRM, State.WAITING, words)
        return False
    missing = _missing_in_each(request, repository, found, contexts, commit)
    if missing:
        words = "; ".join(f"{path}: {what}" for path, what in missing.items())
        journey.note(Stage.CONFIRM, State.FAILED, words)
        raise GitOpsSecretsError(
            f"not all clusters have the new credential, and nothing was revoked: {words}",
            "git fetch",
            request.resume_with,
        )
    asked = [f"{path} applied it, as its cluster says" for path in contexts]
    said = [f"{path} applied it, as you say" for path in clusters if path not in contexts]
    journey.note(Stage.CONFIRM, State.DONE, "; ".join([*asked, *said]))
    return True


def _missing_in_each(
    request: Request,
    repository: Repository,
    found: Found,
    contexts: Mapping[str, str],
    commit: str,
) -> dict[str, str]:
    """Return what is missing in each cluster that has a context, by its path; waits for all together.

    One that does not answer is missing everything.
    """
    deadline = time.monotonic() + request.wait
    missing = {}
    for path, context in contexts.items():
        request.progress(f"waiting for {context} to apply {commit[:10]}")
        holders = [h for h in found.holding.ours if h.secret.cluster.path == path]
        try:
            cluster = connect(request.kubeconfig, context)
            while True:
                problem = _missing(cluster, repository, found, holders, commit)
                if problem is None or time.monotonic() >= deadline:
                    break
                time.sleep(_PAUSE)
        except GitOpsSecretsError as error:
            problem = error.message
        if problem is not None:
            missing[path] = problem
    return missing


def _missing(
    cluster: Cluster, repository: Repository, found: Found, holders: Sequence[Holder], commit: str
) -> str | None:
    """Return what *cluster* does not have yet, None if it has the new credential from the commit."""
    applied = {
        (k["metadata"]["namespace"], k["metadata"]["name"]): k
        for k in cluster.list_all("Kustomization")
    }
    for holder in holders:
        secret = holder.secret
        by = f"Kustomization {secret.applied_in}/{secret.applied_by}"
        kustomization = applied.get((secret.applied_in, secret.applied_by))
        if kustomization is None:
            return f"there is no {by}"
        status = kustomization.get("status") or {}
        revision = str(status.get("lastAppliedRevision") or "")
        then = revision.rpartition(":")[2]
        if not (then.isalnum() and repository.is_ancestor(commit, then)):
            return (
                f"{by} has applied {revision or 'nothing'}, which is not known to have the commit"
            )
        ready = [c for c in status.get("conditions") or [] if c.get("type") == "Ready"]
        if not ready or ready[0].get("status") != "True":
            return f"{by} is not ready"
        # Read after the Kustomization was: what stands there then was applied by Flux from the commit.
        copies = (
            copied_into(found.seen.view, secret.cluster, secret.name) if secret.is_whole else []
        )
        for namespace in (secret.namespace, *copies):
            problem = _lacks(cluster, namespace, holder, found.current)
            if problem is not None:
                return problem
    return None


def _lacks(cluster: Cluster, namespace: str, holder: Holder, current: Credentials) -> str | None:
    """Return why the Secret of *holder* in *namespace* does not have the new credential, None if it has."""
    live = cluster.find("Secret", holder.secret.name, namespace)
    name = f"Secret {namespace}/{holder.secret.name}"
    if live is None:
        return f"there is no {name}"
    try:
        held = read_live(live, f"{namespace}/{holder.secret.name}").get(holder.key)
    except GitOpsSecretsError:
        # Flux may replace it while it is waited for.
        held = None
    return None if held == current else f"{name} does not have the new credential"
