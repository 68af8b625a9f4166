"""A cluster that runs Flux, bootstrapped with a pull Secret, and its operator, who goes on by hand."""

from __future__ import annotations

import subprocess

from tests.e2e.cluster import Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator

FLUX = "clusters/prod/flux-system"
VALUE = "aHVudGVyMg=="
DECRYPTED = "  decryption: {provider: sops, secretRef: {name: sops-age}}\n"


def secret(namespace: str = "flux-system", name: str = "db") -> str:
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\n"
        f"data:\n  password: {VALUE}\n"
    )


def apps(more: str = DECRYPTED) -> str:
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: apps\n"
        "  namespace: flux-system\nspec:\n  interval: 10m\n  path: ./apps\n  prune: true\n  timeout: 20s\n"
        f"  sourceRef: {{kind: GitRepository, name: flux-system}}\n{more}"
    )


class Live:
    """A cluster that runs Flux and was bootstrapped with a pull Secret, and its operator's clone."""

    def __init__(self, cluster: Cluster, flux: Flux, operator: Operator) -> None:
        self.cluster, self.flux, self.operator = cluster, flux, operator

    def write(self, path: str, content: str) -> None:
        target = self.operator.clone / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)

    def read(self, path: str) -> str:
        return (self.operator.clone / path).read_text()

    def seal(self, path: str, content: str) -> None:
        """Encrypt *content* for the cluster, at *path*."""
        recipient = self.read(".sops.yaml").split("- age1")[1].split()[0]
        plain = self.operator.home / "plain.yaml"
        plain.write_text(content)
        self.operator.run(
            *("encrypt", str(plain), "--to", path, "--age-recipient", f"age1{recipient}")
        )

    def customise(self, patch: str) -> None:
        path = f"{FLUX}/kustomization.yaml"
        self.write(path, self.read(path).replace("patches:\n", f"patches:\n{patch}"))

    def shell(self, command: str) -> None:
        """Run a command line that the tool named, in the clone."""
        subprocess.run(["sh", "-c", command], cwd=self.operator.clone, check=True)

    def doctor(self) -> str:
        return self.operator.run("doctor", ok=False)

    def push(self) -> str:
        self.operator.git("add", "--all")
        self.operator.git("commit", "--quiet", "--message", "By hand")
        return self.operator.push()

    def message(self, name: str, revision: str) -> str:
        """Wait until the Kustomization fails at *revision*, and return why."""

        def failed() -> str | None:
            found = self.cluster.find("Kustomization", name, "flux-system") or {}
            status = found.get("status", {})
            conditions = {c["type"]: c for c in status.get("conditions", [])}
            attempted = str(status.get("lastAttemptedRevision", ""))
            ready = conditions.get("Ready", {})
            is_decided = ready.get("status") == "False" and ready.get("reason") != "Progressing"
            return str(ready["message"]) if is_decided and attempted.endswith(revision) else None

        return self.flux.wait_for(failed, f"Kustomization {name} to fail", 90)
