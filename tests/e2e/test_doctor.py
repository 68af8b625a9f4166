"""doctor asks a real cluster: what it lacks is said first, and a healthy one is healthy."""

from __future__ import annotations

import base64
import json

import pytest
from pyrage import x25519

from gitops_secrets.adapters.cluster import api as adapter
from tests.e2e.cluster import CONTEXT, DEVELOPER
from tests.e2e.live import Live, apps, secret

APPS = "Kustomization flux-system/apps"
HEALTHY = "gitops-secrets: healthy: 1 cluster, 2 Kustomizations, 1 encrypted file\n"


def doctor(live: Live, user: str = "admin") -> str:
    kubeconfig = str(live.cluster.kubeconfig_for(user))
    return live.operator.run("doctor", "--context", CONTEXT, "--kubeconfig", kubeconfig, ok=False)


def pod(
    live: Live,
    name: str,
    image: str,
    *,
    account: str = "default",
    reason: str = "ImagePullBackOff",
    statuses: str = "containerStatuses",
) -> None:
    """Make a pod, and let it wait with *reason* as a kubelet would."""
    live.cluster.kubectl(
        *("run", name, "--namespace=flux-system", f"--image={image}", "--restart=Never"),
        "--overrides=" + json.dumps({"spec": {"serviceAccountName": account}}),
    )
    waiting = {"waiting": {"reason": reason}}
    status = {"name": name, "image": image, "imageID": "", "ready": False, "restartCount": 0}
    live.cluster.kubectl(
        *("patch", "pod", name, "--namespace=flux-system", "--subresource=status"),
        "--patch=" + json.dumps({"status": {statuses: [{**status, "state": waiting}]}}),
    )


def test_a_healthy_cluster_is_healthy_and_nothing_else_is_said(live: Live) -> None:
    assert doctor(live) == HEALTHY


def test_each_break_of_a_cluster_is_in_the_first_line(live: Live) -> None:
    """One after the other in one cluster, each fixed before the next."""
    kubectl = live.cluster.kubectl
    flux = "--namespace=flux-system"
    live.flux.stop()

    kept = live.cluster.get("Secret", "sops-age", "flux-system")["data"]
    kubectl("delete", "secret", "sops-age", flux)
    said = "error[identity]: Secret flux-system/sops-age, with which"
    assert doctor(live).startswith(said)
    kubectl("create", "secret", "generic", "sops-age", flux, "--from-literal=age.key=x")
    assert "has no key that Flux reads, but age.key" in doctor(live).splitlines()[0]
    kubectl("delete", "secret", "sops-age", flux)
    kubectl("create", "secret", "generic", "sops-age", flux, "--from-literal=a.agekey=x")
    assert "a.agekey holds no identity that parses" in doctor(live).splitlines()[0]
    kubectl("delete", "secret", "sops-age", flux)
    other = live.operator.home / "other.agekey"
    other.write_text(_other_identity())
    kubectl("create", "secret", "generic", "sops-age", flux, f"--from-file=a.agekey={other}")
    assert "no identity in Secret flux-system/sops-age opens" in doctor(live).splitlines()[0]
    kubectl("patch", "secret", "sops-age", flux, "--patch=" + json.dumps({"data": kept}))
    assert doctor(live) == HEALTHY

    config = base64.b64encode(b'{"auths":{"registry.example.com":{"auth":"YTpi"}}}').decode()
    value = live.cluster.get("Secret", "regcred", "flux-system")["data"]
    drift = {"data": {".dockerconfigjson": config}}
    kubectl("patch", "secret", "regcred", flux, "--patch=" + json.dumps(drift))
    assert doctor(live).startswith("warning[drift]: Secret flux-system/regcred has another value")
    kubectl("patch", "secret", "regcred", flux, "--patch=" + json.dumps({"data": value}))

    patch = json.dumps({"imagePullSecrets": []})
    kubectl(
        "patch", "serviceaccount", "source-controller", flux, f"--patch={patch}", "--type=merge"
    )
    assert doctor(live).startswith("error[service-accounts]: ServiceAccount flux-system/source-con")
    pod(live, "old", "registry.example.com/flux:1", account="source-controller")
    patch = json.dumps({"imagePullSecrets": [{"name": "regcred"}, {"name": "theirs"}]})
    kubectl(
        "patch", "serviceaccount", "source-controller", flux, f"--patch={patch}", "--type=merge"
    )
    assert "warning[old-pod]: pod flux-system/old was made before" in doctor(live)
    assert "cannot pull registry.example.com/flux:1: it names no pull Secret" in doctor(live)
    kubectl("delete", "pod", "old", flux, "--grace-period=0", "--force")

    pod(live, "other", "other.example.com/app:1", account="source-controller")
    said = doctor(live).splitlines()[0]
    assert "cannot pull other.example.com/app:1: its pull Secret theirs is not in" in said
    kubectl("create", "secret", "docker-registry", "theirs", flux, "--docker-server=quay.io",
            "--docker-username=u", "--docker-password=hunter2hunter2")  # fmt: skip
    said = doctor(live)
    assert "it needs a key for other.example.com, and its pull Secrets have" in said.splitlines()[0]
    assert "hunter2" not in said
    kubectl("delete", "pod", "other", flux, "--grace-period=0", "--force")
    assert doctor(live) == HEALTHY

    template = {"spec": {"template": {"spec": {"imagePullSecrets": [{"name": "theirs"}]}}}}
    kubectl("patch", "deployment", "source-controller", flux, "--patch=" + json.dumps(template))
    assert doctor(live).startswith("error[pod-template]: Deployment flux-system/source-controller")


def test_a_kustomization_that_is_not_ready_is_explained(live: Live) -> None:
    live.seal("apps/db.yaml", secret("nowhere"))
    live.write("clusters/prod/apps.yaml", apps())
    live.message("apps", live.push())
    said = doctor(live).splitlines()[0]
    assert said.startswith("error[condition]: Kustomization flux-system/apps is not ready")
    assert "the namespace nowhere is not there" in said


def test_who_may_not_read_the_cluster_is_told_so(live: Live) -> None:
    said = doctor(live, DEVELOPER)
    for what in ("list pods", "list serviceaccounts", "list kustomizations", "list deployments"):
        assert f"error: the cluster of context e2e does not let you {what}" in said
        assert f"auth can-i {what}" in said
    assert "get Secret flux-system/sops-age" in said
    assert "healthy" not in said


def test_what_may_be_read_is_said_though_pods_may_not(live: Live) -> None:
    """The Secrets and Kustomizations of a cluster, and no pod of anybody's: the rest is still looked at."""
    role = ("create", "clusterrole", "reader", "--verb=get,list")
    kinds = "secrets,serviceaccounts,deployments.apps,kustomizations.kustomize.toolkit.fluxcd.io"
    live.cluster.kubectl(*role, f"--resource={kinds}")
    live.cluster.kubectl("create", "clusterrolebinding", "reader", "--clusterrole=reader", f"--user={DEVELOPER}")  # fmt: skip
    said = doctor(live, DEVELOPER)
    assert said.splitlines()[0].startswith("gitops-secrets: no problem in what could be read: ")
    assert said.count("does not let you") == 1, said
    live.flux.stop()
    live.cluster.kubectl("delete", "secret", "sops-age", "--namespace=flux-system")
    said = doctor(live, DEVELOPER)
    assert said.startswith("error[identity]: Secret flux-system/sops-age, with which")
    assert "does not let you list pods" in said.splitlines()[-2]


def test_a_long_list_comes_in_pages(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_PAGE", 1)
    cluster = adapter.connect(live.cluster.kubeconfig, CONTEXT)
    whole = live.cluster.api.list("ServiceAccount")
    assert len(whole) > 1
    found = [item["metadata"]["name"] for item in cluster.list_all("ServiceAccount")]
    assert sorted(found) == sorted(a["metadata"]["name"] for a in whole)


def test_a_cluster_that_does_not_answer_hides_nothing_of_git(live: Live) -> None:
    live.write("clusters/prod/.pre-commit-config.yaml", "repos: []\n")
    live.cluster.stop()
    said = doctor(live)
    assert said.startswith("error[foreign-file]: clusters/prod/.pre-commit-config.yaml")
    assert "error: the cluster of context e2e does not answer at https://" in said


def test_a_lockdown_that_git_does_not_show_is_seen(live: Live) -> None:
    """Who installs Flux otherwise may lock it down where no manifest here says so."""
    live.flux.stop()
    arguments = [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": flag}
                 for flag in ("--default-service-account=default", "--no-cross-namespace-refs=true")]  # fmt: skip
    live.cluster.kubectl(
        *("patch", "deployment", "kustomize-controller", "--namespace=flux-system"),
        *("--type=json", "--patch=" + json.dumps(arguments)),
    )
    assert doctor(live) == HEALTHY, "what is ready has its rights"
    live.cluster.create_namespace("shop")
    other = apps().replace("name: apps", "name: other").replace("namespace: flux-system", "namespace: shop")  # fmt: skip
    other = other.replace("name: flux-system}", "name: flux-system, namespace: flux-system}")
    live.write("clusters/prod/apps.yaml", apps())
    live.write("clusters/prod/other.yaml", other)
    live.seal("apps/db.yaml", secret())
    said = doctor(live)
    flag = "--default-service-account=default"
    unnamed = f"{APPS} names no serviceAccountName, and the cluster's kustomize-controller runs with {flag}"
    crossing = (
        "Kustomization shop/other reads a source of namespace flux-system, which the cluster's"
    )
    assert f"error[lockdown]: {unnamed}" in said
    assert f"error[lockdown]: {crossing}" in said
    assert live.operator.run("doctor", ok=False).count("lockdown") == 0, "Git alone cannot know"


def test_account_and_pod_template_are_told_apart(live: Live) -> None:
    """Pods take the template's list where it has one, and else the ServiceAccount's: either may hold ours."""
    kubectl, flux = live.cluster.kubectl, "--namespace=flux-system"
    live.flux.stop()

    def template(*names: str) -> None:
        secrets = [{"name": name} for name in names]
        patch = {"spec": {"template": {"spec": {"imagePullSecrets": secrets or None}}}}
        kubectl("patch", "deployment", "source-controller", flux, "--type=merge", "--patch=" + json.dumps(patch))  # fmt: skip

    def account(*names: str) -> None:
        patch = {"imagePullSecrets": [{"name": name} for name in names]}
        kubectl("patch", "serviceaccount", "source-controller", flux, "--type=merge", "--patch=" + json.dumps(patch))  # fmt: skip

    template("regcred")
    assert doctor(live) == HEALTHY, "as flux bootstrap --image-pull-secret has it"
    account()
    assert doctor(live) == HEALTHY, "nobody asks the ServiceAccount then"
    template("theirs")
    account("regcred")
    said = doctor(live).splitlines()[0]
    assert said.startswith(
        "error[pod-template]: Deployment flux-system/source-controller names imagePullSecrets"
    )
    assert "theirs: those of its ServiceAccount, regcred, count for nothing" in said
    template("theirs", "regcred")
    assert doctor(live) == HEALTHY
    template()
    account("theirs")
    assert doctor(live).startswith(
        "error[service-accounts]: ServiceAccount flux-system/source-controller lacks"
    )
    account("theirs", "regcred")
    assert doctor(live) == HEALTHY


def test_only_what_a_registry_refuses_is_a_pull_that_fails(live: Live) -> None:
    live.flux.stop()
    image = "registry.example.com:5000/web:1"
    for reason, kind in (
        ("InvalidImageName", "containerStatuses"),
        ("CrashLoopBackOff", "containerStatuses"),
        ("ErrImageNeverPull", "initContainerStatuses"),
    ):
        pod(live, "other", image, account="source-controller", reason=reason, statuses=kind)
        assert doctor(live) == HEALTHY, reason
        live.cluster.kubectl("delete", "pod", "other", "--namespace=flux-system", "--grace-period=0", "--force")  # fmt: skip
    pod(
        live,
        "ours",
        image,
        account="source-controller",
        reason="ErrImagePull",
        statuses="initContainerStatuses",
    )
    said = doctor(live).splitlines()
    assert said[0] == (
        f"error[pull]: pod flux-system/ours cannot pull {image}: it needs a key for registry.example.com:5000, and its "
        "pull Secrets have registry.example.com"
    )
    assert said[2].endswith(
        "bootstrap --path clusters/prod --image-pull-secret regcred --registry registry.example.com:5000"
    )


def _other_identity() -> str:
    return f"{x25519.Identity.generate()}\n"
