"""What a cluster has, held against what Git wants of it. Values are compared, and never said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops_secrets.core.doctor.checks.decryption import COUNTED, COUNTED_WHOLE
from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.doctor.live import flux as live_flux
from gitops_secrets.core.doctor.live import pods as live_pods
from gitops_secrets.core.doctor.live.observed import Live, Name
from gitops_secrets.core.flux.pulls.secrets import PullSecret, pull_secrets
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.sops.keys.recipients import shorten


def check(view: View, live: Live) -> Iterator[Diagnosis]:
    """Yield why the cluster does not decrypt or pull, or will not at the next restart."""
    # What a generator makes may have another name there.
    written = (secret for secret in pull_secrets(view) if not secret.is_generated)
    secrets = {(secret.namespace, secret.name): secret for secret in written}
    yield from _identities(view, live)
    yield from _pull_secrets(live, secrets)
    yield from live_flux.check(view, live)
    yield from live_pods.check(live, secrets)


def decryption_secrets(view: View) -> set[Name]:
    """Return the decryption Secrets that Git's Kustomizations name."""
    return {
        (a.namespace, a.kustomization.decryption_secret)
        for a in view.applied
        if a.kustomization.decryption_secret
    }


def _identities(view: View, live: Live) -> Iterator[Diagnosis]:
    for applied in view.applied:
        secret = applied.kustomization.decryption_secret
        files = [f for f in applied.reach.files if f in view.encrypted]
        if not secret or not files:
            continue
        name = applied.namespace, secret
        if name not in live.secrets:
            continue
        said = f"Secret {name[0]}/{name[1]}"
        found = live.secrets[name]
        fix = f"gitops-secrets apply --path {applied.cluster.path} --context {live.context}"
        if found is None:
            yield Diagnosis(
                "identity", ERROR, f"{said}, with which {applied.object} decrypts, is not in the cluster",
                (live.context, applied.place), fix,
            )  # fmt: skip
            continue
        keys = list(found.get("data") or {})
        if not any(k.endswith(COUNTED) or k in COUNTED_WHOLE for k in keys):
            yield Diagnosis(
                "identity", ERROR, f"{said} has no key that Flux reads, but {', '.join(sorted(keys)) or 'none'}",
                (live.context, applied.place), fix,
            )  # fmt: skip
            continue
        held = live.recipients.get(name, {})
        for key in (k for k, recipient in held.items() if recipient is None):
            yield Diagnosis(
                "identity", ERROR, f"{said}: {key} holds no identity that parses, and every reconcile fails on it",
                (live.context, applied.place),
                f"kubectl --context {live.context} -n {name[0]} edit secret {name[1]}",
            )  # fmt: skip
        if any(not k.endswith(".agekey") for k in keys):
            continue
        for path in files:
            readers = {r for d in view.encrypted[path] if d.metadata for r in d.metadata.recipients}
            if readers and not readers & {r for r in held.values() if r}:
                yield Diagnosis(
                    "identity",
                    ERROR,
                    f"no identity in {said} opens {path}: it has {', '.join(shorten(r) for r in held.values() if r)}, and the "
                    f"file is for {', '.join(map(shorten, sorted(readers)))}",
                    (live.context, path, applied.place),
                    fix,
                )
                break


def _pull_secrets(live: Live, secrets: Mapping[Name, PullSecret]) -> Iterator[Diagnosis]:
    for name, secret in secrets.items():
        said = f"Secret {name[0]}/{name[1]}"
        if live.is_missing(name):
            yield Diagnosis(
                "pull-secret", ERROR, f"{said} is in Git and not in the cluster", (secret.path, live.context),
                _bring(live, secret),
            )  # fmt: skip
        elif name in live.drifted:
            yield Diagnosis(
                "drift", WARNING, f"{said} has another value in the cluster than in Git", (secret.path, live.context),
                f"flux --context {live.context} --namespace {secret.applied_in} reconcile kustomization "
                f"{secret.applied_by} --with-source",
            )  # fmt: skip


def _bring(live: Live, secret: PullSecret) -> str:
    """Return the command that brings *secret* to the cluster: apply knows those in a cluster's own folder."""
    if secret.path == secret.cluster.secret_file(secret.name):
        return f"gitops-secrets apply --path {secret.cluster.path} --context {live.context}"
    return (
        f"flux --context {live.context} --namespace {secret.applied_in} reconcile kustomization "
        f"{secret.applied_by} --with-source"
    )
