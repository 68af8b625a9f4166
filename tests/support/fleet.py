"""A repository that ``flux bootstrap`` was at, as far as that matters to us, and what is done to it by hand."""

from __future__ import annotations

import pytest

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
TEAM = """\
apiVersion: v1
kind: Namespace
metadata: {name: team-b}
---
# who builds
apiVersion: v1
kind: ServiceAccount
metadata:
  name: builder
  namespace: team-b
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: team-b}
spec:
  template:
    spec:
      serviceAccountName: builder
      containers: [{name: web, image: registry.example.com/team/web:1}]
"""
"""A namespace of a tenant, and its workload with a ServiceAccount of its own."""


def push(user: User) -> None:
    """Push main to a remote of the user's own, which is made where there is none."""
    remote = user.home / "remote"
    if not remote.exists():
        user.git("init", "--quiet", "--bare", str(remote))
        user.git("remote", "add", "origin", str(remote))
    user.git("push", "--quiet", "--set-upstream", "origin", "main")


DECRYPTED = "  decryption: {provider: sops, secretRef: {name: sops-age}}\n"


def kustomization(name: str, path: str, more: str = "", namespace: str = "flux-system") -> str:
    return (
        f"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n"
        f"  namespace: {namespace}\nspec:\n  interval: 10m\n  path: ./{path}\n  prune: true\n"
        f"  sourceRef: {{kind: GitRepository, name: flux-system}}\n{more}"
    )


@pytest.fixture
def fleet(user: User) -> User:
    """A repository that flux bootstrap and then bootstrap were at, with an application."""
    user.commit(
        {
            **FILES,
            "clusters/prod/apps.yaml": kustomization("apps", "apps", DECRYPTED),
            "apps/web.yaml": (
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\n"
            ),
        }
    )
    assert user.bootstrap().status == 0
    return user


def seal(user: User, path: str, content: str, *more: str) -> None:
    """Encrypt for the cluster, whatever rule there is."""
    own = user.read(".sops.yaml").split("- age1")[1].split()[0]
    result = user.run(
        "encrypt", "-", "--to", path, "--age-recipient", f"age1{own}", *more, stdin=content.encode()
    )
    assert result.status == 0, result.printed


def edit(user: User, path: str, old: str, new: str) -> None:
    before = user.read(path)
    assert old in before
    user.write({path: before.replace(old, new)})


def deployments(registry: str) -> str:
    """Return the Deployments of Flux, whose images are pulled from *registry*."""
    return "".join(
        f"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: flux-system}}\nspec:\n"
        f"  template:\n    spec:\n      serviceAccountName: {name}\n      containers: [{{name: m, image: {registry}/{name}:v1}}]\n"
        for name in ("source-controller", "kustomize-controller")
    )
