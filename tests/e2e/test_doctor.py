"""doctor asks a real cluster: what it lacks is said first, and a healthy one is healthy."""

from __future__ import annotations

import base64
import json

from pyrage import x25519

from tests.e2e.cluster import CONTEXT, DEVELOPER
from tests.e2e.live import Live, apps, secret

HEALTHY = "gitops-secrets: healthy: 1 cluster, 2 Kustomizations, 1 encrypted files\n"


def doctor(live: Live, user: str = "admin") -> str:
    kubeconfig = str(live.cluster.kubeconfig_for(user))
    return live.operator.run("doctor", "--context", CONTEXT, "--kubeconfig", kubeconfig, ok=False)


def pod(live: Live, name: str, image: str, *, account: str = "default") -> None:
    """Make a pod, and let it be in ImagePullBackOff as a kubelet would."""
    live.cluster.kubectl(
        *("run", name, "--namespace=flux-system", f"--image={image}", "--restart=Never"),
        "--overrides=" + json.dumps({"spec": {"serviceAccountName": account}}),
    )
    waiting = {"waiting": {"reason": "ImagePullBackOff"}}
    status = {"name": name, "image": image, "imageID": "", "ready": False, "restartCount": 0}
    live.cluster.kubectl(
        *("patch", "pod", name, "--namespace=flux-system", "--subresource=status"),
        "--patch=" + json.dumps({"status": {"containerStatuses": [{**status, "state": waiting}]}}),
    )


def test_a_healthy_cluster_is_healthy_and_nothing_else_is_said(live: Live) -> None:
    assert doctor(live) == HEALTHY


def test_each_break_of_a_cluster_is_in_the_first_line(live: Live) -> None:
    """One after the other in one cluster, each mended before the next."""
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
    assert "does not let you list pods" in said
    assert "auth can-i list pods" in said


def _other_identity() -> str:
    return f"{x25519.Identity.generate()}\n"
