"""Hints of doctor, apply, bootstrap and registry rotate about a cluster that runs Flux."""

from __future__ import annotations

import base64
import json

from tests.e2e.cluster import DEVELOPER
from tests.e2e.hints.ground import APPLY
from tests.e2e.hints.live import INLINE, NAMESPACE, WHERE, Living
from tests.e2e.live import apps, secret
from tests.hints.situation import Situation
from tests.support.fleet import seal

DOCTOR = "gitops-secrets doctor --context prod"
ROTATE = "gitops-secrets registry rotate --registry registry.example.com --check never"
RECONCILED = "flux --context prod reconcile kustomization pull-secrets --with-source"
BROKEN = {"data": {"broken.agekey": "eA=="}}


def well(user: Living) -> None:
    """Nothing is wrong."""


def without_identity(user: Living) -> None:
    """The Secret of the identity is gone."""
    user.cluster.kubectl("delete", "secret", "sops-age", WHERE)


def broken(user: Living) -> None:
    """The Secret of the identity has one that does not parse."""
    user.change("Secret", "sops-age", BROKEN)
    user.editor("/^  broken.agekey:/d")


def drifted(user: Living) -> None:
    """Somebody changed the pull Secret by hand."""
    user.change("Secret", "regcred", {"data": {".dockerconfigjson": encoded("ghcr.io")}})


def encoded(host: str) -> str:
    """A docker config with an entry for *host*."""
    config = {"auths": {host: {"auth": "YTpi"}}}
    return base64.b64encode(json.dumps(config).encode()).decode()


def without_pull_secret(user: Living) -> None:
    """Somebody took the pull Secret out of a ServiceAccount."""
    user.change("ServiceAccount", "source-controller", {"imagePullSecrets": []})


def of_before(user: Living) -> None:
    """A pod that is older than the pull Secret of its ServiceAccount."""
    without_pull_secret(user)
    user.run_pod("old", "registry.example.com/flux:1", serviceAccountName="source-controller")
    user.flux.reconcile("flux-system")


def not_ready(user: Living) -> None:
    """A Kustomization that Flux cannot apply."""
    seal(user, "apps/db.yaml", secret("nowhere"))
    user.commit({"clusters/prod/apps.yaml": apps()})
    user.push()

    def has_failed() -> bool:
        found = user.cluster.find("Kustomization", "apps", NAMESPACE) or {}
        conditions = found.get("status", {}).get("conditions", [])
        return any("nowhere" in one["message"] for one in conditions)

    user.flux.wait_for(has_failed, "the Kustomization to fail")


def waiting(user: Living, image: str, *secrets: str) -> None:
    """A pod that cannot pull *image* with the *secrets*."""
    user.run_pod("other", image, imagePullSecrets=[{"name": name} for name in secrets])
    state = {"waiting": {"reason": "ImagePullBackOff"}}
    told = {"name": "other", "image": image, "imageID": "", "ready": False, "restartCount": 0}
    status = {"status": {"containerStatuses": [{**told, "state": state}]}}
    user.cluster.api.patch("Pod", "other", NAMESPACE, status, status=True)


def of_others(user: Living) -> None:
    """A pod whose pull Secret has another registry."""
    config = f"--from-literal=.dockerconfigjson={base64.b64decode(encoded('quay.io')).decode()}"
    user.cluster.kubectl("delete", "secret", "theirs", WHERE, "--ignore-not-found")
    user.cluster.kubectl(
        *("create", "secret", "generic", "theirs", WHERE, config),
        "--type=kubernetes.io/dockerconfigjson",
    )
    waiting(user, "other.example.com/app:1", "theirs")
    user.editor(f"s|^  .dockerconfigjson: .*|  .dockerconfigjson: {encoded('other.example.com')}|")


def unreadable(user: Living) -> None:
    """A user who may read all but Secrets."""
    waiting(user, "registry.example.com/app:1", "regcred")
    kinds = "pods,serviceaccounts,deployments.apps,kustomizations.kustomize.toolkit.fluxcd.io"
    flags = ("--dry-run=client", "-o=yaml")
    for made in (
        ("clusterrole", "reader", "--verb=get,list", f"--resource={kinds}"),
        ("clusterrolebinding", "reader", "--clusterrole=reader", f"--user={DEVELOPER}"),
    ):
        user.cluster.apply(user.cluster.kubectl("create", *made, *flags))
    user.log_in(DEVELOPER)


def unpushed(user: Living) -> None:
    """A new credential in a commit that only this machine has."""
    user.flux.source.is_asked = True
    update = "registry update --registry registry.example.com --registry-creds-env NEW_CREDS"
    user.types(f"gitops-secrets {update} --check never", NEW_CREDS="robot:new")


def inlined(user: Living) -> None:
    """The first commit of the layout inline is pushed, and Flux has not seen it."""
    user.begin_anew()
    user.flux.source.is_asked = True
    user.types(INLINE)
    user.push()


def applied_by_another_commit(user: Living) -> None:
    """A rotation whose commit Flux has applied, with a later one that is not known here."""
    user.types(f"{ROTATE} --registry-creds-env NEW_CREDS --push", NEW_CREDS="robot-b:new")
    user.colleague()


SITUATIONS = (
    Situation[Living](
        "an identity that the cluster lacks",
        without_identity,
        DOCTOR,
        "gitops-secrets apply --path {} --context {}",
        status=1,
        adds=" --yes",
        says="healthy",
    ),
    Situation(
        "an identity that does not parse",
        broken,
        DOCTOR,
        "kubectl --context {} -n {} edit secret {}",
        status=1,
        says="healthy",
    ),
    Situation(
        "a pull Secret that was changed by hand",
        drifted,
        DOCTOR,
        "flux --context {} --namespace {} reconcile kustomization {} --with-source",
        status=1,
        says="healthy",
    ),
    Situation(
        "a ServiceAccount without the pull Secret",
        without_pull_secret,
        DOCTOR,
        "flux --context {} reconcile kustomization {} --with-source",
        status=1,
        says="healthy",
    ),
    Situation(
        "a pod that is older than the pull Secret",
        of_before,
        DOCTOR,
        "kubectl --context {} -n {} rollout restart deployment {}",
        status=1,
        # What the controller of Deployments does, which no test cluster has.
        after=f"kubectl delete pod old {WHERE} --now",
        says="healthy",
    ),
    Situation(
        "a Kustomization that is not ready",
        not_ready,
        DOCTOR,
        "kubectl --context {} -n {} describe kustomization {}",
        status=1,
        shows="nowhere",
    ),
    Situation(
        "a pull Secret of another registry",
        of_others,
        DOCTOR,
        "kubectl --context {} edit secret {}",
        status=1,
        then=1,
        says="its pull Secret has a key for it, other.example.com",
    ),
    Situation(
        "a pod without a pull Secret",
        lambda user: waiting(user, "registry.example.com/app:1"),
        DOCTOR,
        "kubectl --context {} get serviceaccount -o yaml",
        status=1,
        shows="name: default",
    ),
    Situation(
        "a pod whose pull Secret is not there",
        lambda user: waiting(user, "registry.example.com/app:1", "absent"),
        DOCTOR,
        "kubectl --context {} get secrets",
        status=1,
        shows="regcred",
    ),
    Situation(
        "a pod whose credential the registry refuses",
        lambda user: waiting(user, "registry.example.com/app:1", "regcred"),
        DOCTOR,
        "kubectl --context {} describe pod {}",
        status=1,
        shows="ImagePullBackOff",
    ),
    Situation(
        "a pull Secret that may not be read",
        unreadable,
        DOCTOR,
        "kubectl --context {} auth can-i get secrets",
        status=3,
        shows="no\n",
        ends=1,
    ),
    Situation(
        "a commit that Flux has not seen",
        unpushed,
        APPLY,
        "git push",
        status=3,
        after=RECONCILED,
        says="unchanged",
    ),
    Situation(
        "a Kustomization that does not decrypt yet",
        inlined,
        f"{INLINE} --resume --context prod",
        "flux --context {} -n {} reconcile kustomization {} --with-source",
        status=3,
    ),
    Situation(
        "a commit that is not known here",
        applied_by_another_commit,
        f"{ROTATE} --resume --context prod --wait 0",
        "git fetch",
        status=3,
        says="clusters/prod applied it, as its cluster says",
    ),
)
