"""What Flux says of itself in a cluster: Kustomizations that are not ready, and a lockdown that Git does not show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops_secrets.core.doctor.checks.accounts import Lockdown, git_lockdown, read_lockdown
from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.doctor.live.observed import Live, Name, Object
from gitops_secrets.core.flux.view import View

_EXPLAINED = (
    ("is SOPS encrypted", "a Secret is encrypted, and it has no spec.decryption"),
    ("cannot get sops data key", "no identity in its decryption Secret opens what it applies"),
    ("cross-namespace", "its source is in another namespace, and tenancy is locked down"),
    ("forbidden", "its ServiceAccount may not write what it applies"),
    ("not found", "something that it needs is not there: a namespace, or its decryption Secret"),
    ("kustomize build failed", "kustomize cannot build its path"),
    ("conflict", "somebody else owns what it applies"),
)
_MISSING_NAMESPACE = re.compile(r'namespaces \\?"([a-z0-9-]{1,63})\\?" not found')


def check(view: View, live: Live) -> Iterator[Diagnosis]:
    """Yield Kustomizations that are not ready, or will not be under the lockdown that the controller runs with."""
    lockdown = _lockdown(live)
    for found in live.kustomizations or []:
        yield from _condition(live, found, lockdown)
    if live.kustomizations is not None:
        yield from _locked_out(view, live, lockdown)


def _lockdown(live: Live) -> Lockdown:
    """Return what the arguments of the live kustomize-controller forbid."""
    arguments = [
        str(argument)
        for deployment in live.deployments or []
        if deployment["metadata"]["name"] == "kustomize-controller"
        for container in deployment["spec"]["template"]["spec"].get("containers") or []
        for argument in container.get("args") or []
    ]
    return read_lockdown("\n".join(arguments))


def _locked_out(view: View, live: Live, lockdown: Lockdown) -> Iterator[Diagnosis]:
    """Yield Git's Kustomizations that the live lockdown stops; those that are ready have their rights."""
    ready = {
        _name(found) for found in live.kustomizations or [] if _ready(found).get("status") == "True"
    }
    for applied in view.applied:
        found = applied.kustomization
        if (applied.namespace, found.name) in ready:
            continue
        known = git_lockdown(view, applied.cluster)
        account = lockdown.default_account
        if account and not known.default_account and not found.service_account:
            yield Diagnosis(
                "lockdown",
                ERROR,
                f"{applied.object} names no serviceAccountName, and the cluster's kustomize-controller runs with "
                f"--default-service-account={account}: it writes as {applied.namespace}/{account}",
                (applied.place, live.context),
                f"in {found.file}, spec.serviceAccountName: kustomize-controller",
            )
        other = found.source_namespace
        if (
            lockdown.no_cross_namespace
            and not known.no_cross_namespace
            and other not in (None, applied.namespace)
        ):
            yield Diagnosis(
                "lockdown",
                ERROR,
                f"{applied.object} reads a source of namespace {other}, which the cluster's kustomize-controller forbids: "
                "it runs with --no-cross-namespace-refs",
                (applied.place, live.context),
                f"put it into namespace {other}",
            )


def _condition(live: Live, found: Object, lockdown: Lockdown) -> Iterator[Diagnosis]:
    ready = _ready(found)
    waiting = ("Progressing", "DependencyNotReady")
    if ready.get("status") != "False" or ready.get("reason") in waiting:
        return
    namespace, name = _name(found)
    message = str(ready.get("message", ""))
    words = (words for mark, words in _EXPLAINED if mark in message)
    why = next(words, "Flux says no more than that")
    missing = _MISSING_NAMESPACE.search(message)
    if missing:
        why = f"the namespace {missing[1]} is not there, and nothing beside it is applied either"
    elif (
        "forbidden" in message
        and lockdown.default_account
        and not found["spec"].get("serviceAccountName")
    ):
        why = (
            f"it names no serviceAccountName, and writes as {lockdown.default_account}, for tenancy is locked down "
            f"(--default-service-account)"
        )
    yield Diagnosis(
        "condition",
        ERROR,
        f"Kustomization {namespace}/{name} is not ready, {ready.get('reason')}: {why}",
        (f"{live.context}, since {ready.get('lastTransitionTime')}",),
        f"kubectl --context {live.context} -n {namespace} describe kustomization {name}",
    )


def _ready(found: Object) -> Object:
    conditions = {c["type"]: c for c in found["status"].get("conditions") or []}
    ready: Object = conditions.get("Ready") or {}
    return ready


def _name(found: Object) -> Name:
    return found["metadata"]["namespace"], found["metadata"]["name"]
