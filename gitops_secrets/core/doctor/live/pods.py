"""Why pods do not pull: the ServiceAccounts, pod templates and pods of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops_secrets.core.doctor.checks.images import adding
from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.doctor.live.observed import Live, Name, Object, failing_pulls, names
from gitops_secrets.core.flux.pulls.secrets import PullSecret
from gitops_secrets.core.registry.reference import covers, host_of


def check(live: Live, secrets: Mapping[Name, PullSecret]) -> Iterator[Diagnosis]:
    """Yield what keeps Flux's pods from the pull Secret, and why pods do not pull; *secrets* are Git's."""
    if live.accounts is not None and live.deployments is not None:
        for account in live.accounts:
            labels = account["metadata"].get("labels") or {}
            wanted = {name for space, name in secrets if space == account["metadata"]["namespace"]}
            if labels.get("app.kubernetes.io/part-of") == "flux" and wanted:
                yield from _check_account(live, account, wanted)
    yield from _pulls(live, secrets)


def _check_account(live: Live, account: Object, wanted: set[str]) -> Iterator[Diagnosis]:
    """Yield what is wrong with one ServiceAccount of Flux, whose pods are to pull with one of *wanted*."""
    namespace, name = account["metadata"]["namespace"], account["metadata"]["name"]
    held = names(account["imagePullSecrets"])
    deployment = _deployment(live, namespace, name)
    template = (
        names(deployment["spec"]["template"]["spec"].get("imagePullSecrets")) if deployment else []
    )
    if template:
        # Admission copies a ServiceAccount's list only into a pod that names none of its own.
        if not wanted & set(template):
            yield Diagnosis(
                "pod-template",
                ERROR,
                f"Deployment {namespace}/{name} names imagePullSecrets of its own, {', '.join(template)}: those "
                f"of its ServiceAccount, {', '.join(held) or 'none'}, count for nothing",
                (live.context,),
                "take imagePullSecrets out of the Deployment's pod template: flux bootstrap without --image-pull-secret",
            )
        return
    if not wanted & set(held):
        yield Diagnosis(
            "service-accounts",
            ERROR,
            f"ServiceAccount {namespace}/{name} lacks the pull Secret {', '.join(sorted(wanted))} in the cluster",
            (live.context,),
            f"flux --context {live.context} reconcile kustomization {namespace} --with-source",
        )
        return
    for pod in live.pods or []:
        spec = pod["spec"]
        if pod["metadata"]["namespace"] != namespace or spec.get("serviceAccountName") != name:
            continue
        if not wanted & set(names(spec.get("imagePullSecrets"))):
            yield Diagnosis(
                "old-pod",
                WARNING,
                f"pod {namespace}/{pod['metadata']['name']} was made before its ServiceAccount had the pull Secret",
                (live.context,),
                f"kubectl --context {live.context} -n {namespace} rollout restart deployment {name}",
            )


def _deployment(live: Live, namespace: str, account: str) -> Object | None:
    for deployment in live.deployments or []:
        spec = deployment["spec"]["template"]["spec"]
        same = deployment["metadata"]["namespace"] == namespace
        if same and spec.get("serviceAccountName") == account:
            return deployment
    return None


def _pulls(live: Live, secrets: Mapping[Name, PullSecret]) -> Iterator[Diagnosis]:
    for pod, image in failing_pulls(live.pods or []):
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        why, fix = _why(live, secrets, pod, image)
        yield Diagnosis(
            "pull",
            ERROR,
            f"pod {namespace}/{name} cannot pull {image}: {why}",
            (live.context,),
            fix,
        )


def _why(
    live: Live, secrets: Mapping[Name, PullSecret], pod: Object, image: str
) -> tuple[str, str]:
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    kubectl = f"kubectl --context {live.context} -n {namespace}"
    named = names(pod["spec"].get("imagePullSecrets"))
    if not named:
        return (
            "it names no pull Secret, and its ServiceAccount had none when it was made",
            f"{kubectl} get serviceaccount -o yaml",
        )
    absent = [s for s in named if live.is_missing((namespace, s))]
    if absent:
        return (
            f"its pull Secret {absent[0]} is not in the namespace {namespace}",
            f"{kubectl} get secrets",
        )
    keys = [k for s in named for k in live.registries.get((namespace, s), ())]
    fitting = next((k for k in keys if covers(k, image)), None)
    if fitting is not None:
        return (
            f"its pull Secret has a key for it, {fitting}: the registry refuses the credential, or has no such image",
            f"{kubectl} describe pod {name}",
        )
    if any((namespace, s) not in live.secrets for s in named):
        return (
            f"its pull Secret {named[0]} may not be read here",
            f"{kubectl} auth can-i get secrets",
        )
    host = host_of(image)
    ours = next((secrets[namespace, s] for s in named if (namespace, s) in secrets), None)
    fix = adding(ours, host) if ours is not None else f"{kubectl} edit secret {named[0]}"
    return f"it needs a key for {host}, and its pull Secrets have {', '.join(keys) or 'none'}", fix
