"""What ``flux bootstrap`` leaves in a repository, as far as it matters to us."""

from __future__ import annotations

from tests.support.user import User

FLUX = "clusters/prod/flux-system"
SYNC = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {url: ssh://git@example.com/fleet, ref: {branch: main}, interval: 1m}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec:
  interval: 10m
  path: ./clusters/prod
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
"""
ACCOUNTS = "".join(
    f"---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  namespace: flux-system\n"
    "  labels: {app.kubernetes.io/part-of: flux}\n"
    for name in ("source-controller", "kustomize-controller")
)
FILES = {
    f"{FLUX}/gotk-components.yaml": ACCOUNTS,
    f"{FLUX}/gotk-sync.yaml": SYNC,
    f"{FLUX}/kustomization.yaml": (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "resources:\n- gotk-components.yaml\n- gotk-sync.yaml\n"
    ),
}


def push(user: User) -> None:
    """Push main to a remote of the user's own, which is made where there is none."""
    remote = user.home / "remote"
    if not remote.exists():
        user.git("init", "--quiet", "--bare", str(remote))
        user.git("remote", "add", "origin", str(remote))
    user.git("push", "--quiet", "--set-upstream", "origin", "main")
