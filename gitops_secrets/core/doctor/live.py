"""What a cluster has, held against what Git wants of it. Values are compared, and never said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gitops_secrets.core.doctor.decryption import COUNTED, COUNTED_WHOLE
from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.doctor.view import View
from gitops_secrets.core.flux import DEFAULT_NAMESPACE
from gitops_secrets.core.quantum import shorten
from gitops_secrets.core.registry import covers

Object = dict[str, Any]
Name = tuple[str, str]
"""Namespace and name."""
_PULL_FAILURES = ("ImagePullBackOff", "ErrImagePull")
_EXPLAINED = (
    ("is SOPS encrypted", "a Secret is encrypted, and it has no spec.decryption"),
    ("cannot get sops data key", "no identity in its decryption Secret opens what it applies"),
    ("forbidden", "its ServiceAccount may not write what it applies: is tenancy locked down?"),
    ("not found", "something that it needs is not there: a namespace, or its decryption Secret"),
    ("kustomize build failed", "kustomize cannot build its path"),
    ("conflict", "somebody else owns what it applies"),
)
_MISSING_NAMESPACE = re.compile(r'namespaces \\?"([a-z0-9-]{1,63})\\?" not found')


class Live(NamedTuple):
    """A cluster's objects, as far as they matter here."""

    context: str
    kustomizations: Sequence[Object]
    accounts: Sequence[Object]
    pods: Sequence[Object]
    deployments: Sequence[Object]
    secrets: Mapping[Name, Object | None]
    """The decryption and pull Secrets that Git or a failing pod names; None where there is none."""
    recipients: Mapping[Name, Mapping[str, str | None]]
    """Of each decryption Secret: by key the recipient of its identity, None where it does not parse."""
    registries: Mapping[Name, tuple[str, ...]]
    """Of each pull Secret: the registries in it."""
    drifted: Sequence[Name]
    """The pull Secrets whose live value is another than Git's."""

    def __repr__(self) -> str:
        return f"Live({self.context!r}, ...)"


def check(view: View, live: Live) -> Iterator[Diagnosis]:
    """Yield why the cluster does not decrypt or pull, or will not at the next restart."""
    yield from _identities(view, live)
    yield from _pull_secrets(view, live)
    yield from _conditions(live)
    yield from _accounts(live, {name for _, name in _wanted(view)})
    yield from _pulls(live)


def decryption_secrets(view: View) -> set[Name]:
    """Return the decryption Secrets that Git's Kustomizations name."""
    return {
        (a.kustomization.namespace or DEFAULT_NAMESPACE, a.kustomization.decryption_secret)
        for a in view.applied
        if a.kustomization.decryption_secret
    }


def _wanted(view: View) -> dict[Name, str]:
    """Return the pull Secrets that Git has, with their files."""
    applied = {f for a in view.applied for f in a.reach.files}
    return {
        (d.namespace or DEFAULT_NAMESPACE, d.name or ""): path
        for path, documents in view.encrypted.items()
        for d in documents
        if path in applied and d.object_type == "kubernetes.io/dockerconfigjson"
    }


pull_secrets = _wanted


def _identities(view: View, live: Live) -> Iterator[Diagnosis]:
    for applied in view.applied:
        secret = applied.kustomization.decryption_secret
        files = [f for f in applied.reach.files if f in view.encrypted]
        if not secret or not files:
            continue
        name = applied.kustomization.namespace or DEFAULT_NAMESPACE, secret
        said = f"Secret {name[0]}/{name[1]}"
        found = live.secrets.get(name)
        mend = f"gitops-secrets apply --path {applied.cluster.path} --context {live.context}"
        if found is None:
            yield Diagnosis(
                "identity", ERROR, f"{said}, with which {applied.object} decrypts, is not in the cluster",
                (live.context, applied.place), mend,
            )  # fmt: skip
            continue
        keys = list(found.get("data") or {})
        if not any(k.endswith(COUNTED) or k in COUNTED_WHOLE for k in keys):
            yield Diagnosis(
                "identity", ERROR, f"{said} has no key that Flux reads, but {', '.join(sorted(keys)) or 'none'}",
                (live.context, applied.place), mend,
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
                    mend,
                )
                break


def _pull_secrets(view: View, live: Live) -> Iterator[Diagnosis]:
    for name, path in _wanted(view).items():
        said = f"Secret {name[0]}/{name[1]}"
        if live.secrets.get(name) is None:
            yield Diagnosis(
                "pull-secret", ERROR, f"{said} is in Git and not in the cluster", (path, live.context),
                f"gitops-secrets apply --context {live.context}",
            )  # fmt: skip
        elif name in live.drifted:
            yield Diagnosis(
                "drift", WARNING, f"{said} has another value in the cluster than in Git", (path, live.context),
                f"flux --context {live.context} reconcile kustomization pull-secrets --with-source",
            )  # fmt: skip


def _conditions(live: Live) -> Iterator[Diagnosis]:
    for found in live.kustomizations:
        conditions = {c["type"]: c for c in found.get("status", {}).get("conditions", [])}
        ready = conditions.get("Ready", {})
        if ready.get("status") != "False" or ready.get("reason") in (
            "Progressing",
            "DependencyNotReady",
        ):
            continue
        metadata = found["metadata"]
        message = str(ready.get("message", ""))
        missing = _MISSING_NAMESPACE.search(message)
        why = next(
            (words for mark, words in _EXPLAINED if mark in message), "Flux says no more than that"
        )
        if missing:
            why = (
                f"the namespace {missing[1]} is not there, and nothing beside it is applied either"
            )
        yield Diagnosis(
            "condition",
            ERROR,
            f"Kustomization {metadata['namespace']}/{metadata['name']} is not ready, {ready.get('reason')}: {why}",
            (f"{live.context}, since {ready.get('lastTransitionTime')}",),
            f"kubectl --context {live.context} -n {metadata['namespace']} describe kustomization {metadata['name']}",
        )


def _accounts(live: Live, wanted: set[str]) -> Iterator[Diagnosis]:
    """Yield Flux's ServiceAccounts without a pull Secret, and pods that were made without it."""
    for account in live.accounts:
        metadata = account["metadata"]
        if metadata.get("labels", {}).get("app.kubernetes.io/part-of") != "flux" or not wanted:
            continue
        namespace, name = metadata["namespace"], metadata["name"]
        held = {e.get("name") for e in account.get("imagePullSecrets") or []}
        template = _template_secrets(live, namespace, name)
        if template:
            if not template & wanted:
                yield Diagnosis(
                    "pod-template", ERROR,
                    f"Deployment {namespace}/{name} names imagePullSecrets of its own, {', '.join(sorted(template))}: those "
                    "of its ServiceAccount count for nothing",
                    (live.context,), "take imagePullSecrets out of the Deployment's pod template",
                )  # fmt: skip
            continue
        if not held & wanted:
            yield Diagnosis(
                "service-accounts", ERROR,
                f"ServiceAccount {namespace}/{name} lacks the pull Secret {', '.join(sorted(wanted))} in the cluster",
                (live.context,), f"flux --context {live.context} reconcile kustomization flux-system --with-source",
            )  # fmt: skip
            continue
        for pod in live.pods:
            spec = pod["spec"]
            if pod["metadata"]["namespace"] != namespace or spec.get("serviceAccountName") != name:
                continue
            if not {e.get("name") for e in spec.get("imagePullSecrets") or []} & wanted:
                yield Diagnosis(
                    "old-pod", WARNING,
                    f"pod {namespace}/{pod['metadata']['name']} was made before its ServiceAccount had the pull Secret",
                    (live.context,),
                    f"kubectl --context {live.context} -n {namespace} rollout restart deployment {name}",
                )  # fmt: skip


def _template_secrets(live: Live, namespace: str, account: str) -> set[str]:
    for deployment in live.deployments:
        spec = deployment["spec"]["template"]["spec"]
        if (
            deployment["metadata"]["namespace"] == namespace
            and spec.get("serviceAccountName") == account
        ):
            return {e.get("name", "") for e in spec.get("imagePullSecrets") or []}
    return set()


def failing_pulls(pods: Sequence[Object]) -> Iterator[tuple[Object, str]]:
    """Yield each pod that cannot pull, with the image."""
    for pod in pods:
        status = pod.get("status", {})
        for kind in ("initContainerStatuses", "containerStatuses"):
            for container in status.get(kind) or []:
                waiting = (container.get("state") or {}).get("waiting") or {}
                if waiting.get("reason") in _PULL_FAILURES:
                    yield pod, str(container.get("image", ""))


def _pulls(live: Live) -> Iterator[Diagnosis]:
    for pod, image in failing_pulls(live.pods):
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        secrets = [str(e.get("name")) for e in pod["spec"].get("imagePullSecrets") or []]
        absent = [s for s in secrets if live.secrets.get((namespace, s)) is None]
        keys = [k for s in secrets for k in live.registries.get((namespace, s), ())]
        fitting = [k for k in keys if covers(k, image)]
        host = image.partition("/")[0]
        if not secrets:
            why = "it names no pull Secret, and its ServiceAccount had none when it was made"
            mend = f"kubectl --context {live.context} -n {namespace} get serviceaccount -o yaml"
        elif absent:
            why = f"its pull Secret {absent[0]} is not in the namespace {namespace}"
            mend = f"kubectl --context {live.context} -n {namespace} get secrets"
        elif not fitting:
            why = (
                f"it needs a key for {host}, and its pull Secrets have {', '.join(keys) or 'none'}"
            )
            mend = f"gitops-secrets bootstrap --image-pull-secret {secrets[0]} --registry {host}"
        else:
            why = f"its pull Secret has a key for it, {fitting[0]}: the registry refuses the credential, or has no such image"
            mend = f"kubectl --context {live.context} -n {namespace} describe pod {name}"
        yield Diagnosis(
            "pull",
            ERROR,
            f"pod {namespace}/{name} cannot pull {image}: {why}",
            (live.context,),
            mend,
        )
