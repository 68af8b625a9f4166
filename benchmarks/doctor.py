"""doctor from Git alone beside one ``kubectl kustomize`` of the same tree: cold processes in turn, ratio of medians.

    python -m benchmarks.doctor [--kubectl PATH] [--manifests 1000]

The repository is made up in a temporary folder: Flux's own manifests, twenty Kustomizations, a third of
the manifests encrypted Secrets. kubectl is the one on PATH, else the one that ``make e2e`` built.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.guard import PROGRAM, Bench, Limit
from gitops_secrets.adapters.age import create_identity
from gitops_secrets.adapters.sops.program import encrypting

KUSTOMIZATIONS = 20
BUILT = ".cache/gitops-secrets/e2e/*/bin/kubectl"
FLUX = "clusters/prod/flux-system"
SYNC = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {url: ssh://git@example.com/fleet, ref: {branch: main}, interval: 1m}
---
"""


def main() -> int:
    """Print the figures; 0 if doctor takes at most 0.3 of kubectl's time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubectl", type=Path, default=find_kubectl())
    parser.add_argument("--manifests", type=int, default=1000)
    asked = parser.parse_args()
    if asked.kubectl is None:
        print("no kubectl on PATH, and none built: python -m tests.e2e.tools.build")
        return 1
    with tempfile.TemporaryDirectory(prefix="gitops-secrets-bench-") as folder:
        bench = Bench(Path(folder), "", "")
        top = bench.repository("fleet", dict(fleet(bench, asked.kubectl, asked.manifests)))
        said = bench.run(top, [PROGRAM, "doctor"])
        built = bench.run(top, [str(asked.kubectl), "kustomize", "."])
        if b"healthy" not in said or built.count(b"\nkind: ") < asked.manifests:
            print("what was made up is not what is to be measured:", said.decode())
            return 1
        print(said.decode().strip())
        commands = {
            "gitops-secrets": [PROGRAM, "doctor"],
            "kubectl kustomize": [str(asked.kubectl), "kustomize", "."],
        }
        title = f"{asked.manifests} manifests, a third of them encrypted Secrets"
        kept = bench.compare(title, top, commands, [Limit("kubectl kustomize", 0.3)], runs=11)
    return 0 if kept else 1


def find_kubectl() -> Path | None:
    """Return the kubectl on PATH, else the newest that the end-to-end tests built."""
    there = shutil.which("kubectl")
    built = sorted(Path.home().glob(BUILT), key=lambda path: path.stat().st_mtime)
    return Path(there) if there else next(reversed(built), None)


def fleet(bench: Bench, kubectl: Path, manifests: int) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the repository."""
    components = kubectl.parent.parent / "gotk-components.yaml"
    yield f"{FLUX}/gotk-components.yaml", components.read_bytes() if components.exists() else b""
    yield f"{FLUX}/gotk-sync.yaml", SYNC.encode() + kustomization("flux-system", "clusters/prod")
    patch = (
        b"patches:\n- target: {kind: ServiceAccount}\n  patch: |\n    kind: ServiceAccount\n"
        b"    metadata: {name: x}\n    imagePullSecrets: [{name: regcred}]\n"
    )
    yield f"{FLUX}/kustomization.yaml", lists("gotk-components.yaml", "gotk-sync.yaml") + patch
    yield from pulling(bench)
    template = bench.secret(0)
    apps = [f"app-{n}" for n in range(KUSTOMIZATIONS)]
    members: dict[str, list[str]] = {app: [] for app in apps}
    for number in range(manifests):
        app = apps[number % KUSTOMIZATIONS]
        encrypted = number % 3 == 0
        name = f"{number}.sops.yaml" if encrypted else f"{number}.yaml"
        members[app].append(name)
        yield (
            f"apps/{app}/{name}",
            bench.like(template, number) if encrypted else bench.deployment(number),
        )
    for app in apps:
        yield f"apps/{app}/kustomization.yaml", lists(*members[app])
        yield f"clusters/prod/{app}.yaml", kustomization(app, f"apps/{app}")
    yield (
        "clusters/prod/namespace.yaml",
        b"apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n",
    )
    here = ["flux-system", "namespace.yaml", *(f"{app}.yaml" for app in apps)]
    yield "clusters/prod/kustomization.yaml", lists(*here, "pull-secrets.yaml")
    yield (
        "kustomization.yaml",
        lists("clusters/prod", "pull-secrets/prod", *(f"apps/{app}" for app in apps)),
    )


def pulling(bench: Bench) -> Iterator[tuple[str, bytes]]:
    """Yield a pull Secret of Flux's own, and keep the identity that opens it: images are held against it."""
    identity = create_identity()
    config = (
        b"creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: "
        + identity.recipient.encode()
    )
    plain = (
        b"apiVersion: v1\nkind: Secret\nmetadata: {name: regcred, namespace: flux-system}\n"
        b"type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: "
        b'\'{"auths": {"ghcr.io": {"username": "robot", "password": "word"}}}\'\n'
    )
    with encrypting(config, "regcred.sops.yaml", []) as encrypt:
        yield "pull-secrets/prod/regcred.yaml", encrypt(plain)[0]
    yield "pull-secrets/prod/kustomization.yaml", lists("regcred.yaml")
    yield "clusters/prod/pull-secrets.yaml", kustomization("pull-secrets", "pull-secrets/prod")
    kept = bench.folder / ".config/sops/age/keys.txt"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(identity.secret)


def lists(*names: str) -> bytes:
    """Return a kustomization.yaml."""
    entries = "".join(f"- {name}\n" for name in names)
    return f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{entries}".encode()


def kustomization(name: str, path: str) -> bytes:
    """Return a Kustomization of Flux, which decrypts."""
    return (
        f"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n"
        f"  namespace: flux-system\nspec:\n  interval: 10m\n  path: ./{path}\n  prune: true\n"
        "  sourceRef: {kind: GitRepository, name: flux-system}\n"
        "  decryption: {provider: sops, secretRef: {name: sops-age}}\n"
    ).encode()


if __name__ == "__main__":
    sys.exit(main())
