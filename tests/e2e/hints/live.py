"""Where hints about Flux are printed: a repository that bootstrap made, and a cluster whose Flux applies it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.administrator import NAMED, Administrator
from tests.e2e.cluster import Cluster
from tests.e2e.flux import Flux
from tests.e2e.hints.ground import APPLY
from tests.support.githttp import Repository

NAMESPACE = "flux-system"
WHERE = f"--namespace={NAMESPACE}"
CREDS = "robot:password"
BOOTSTRAP = (
    "gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred "
    "--registry registry.example.com --registry-creds-env CREDS"
)
INLINE = f"{BOOTSTRAP} --layout inline"


class Living(Administrator):
    """Administers a cluster that runs Flux. All situations share it: ``heal`` makes it as it was at first."""

    def __init__(self, folder: Path, cluster: Cluster, flux: Flux, repository: Repository) -> None:
        super().__init__(folder, cluster)
        self.flux, self._repository = flux, repository
        self.env["CREDS"] = CREDS
        flux.bootstrap(repository, "clusters/prod", "--registry=registry.example.com/fluxcd")
        self.git("remote", "add", "origin", repository.url_with_password)
        self.git("pull", "--quiet", "origin", "main")
        self._begun = self.git("rev-parse", "HEAD").strip()
        self.types(BOOTSTRAP)
        self.types(APPLY)
        self._first = self.push()
        flux.wait_ready("pull-secrets", revision=self._first)
        self._healthy = self._state()
        # A real cluster's controller manager makes this one.
        cluster.kubectl("create", "serviceaccount", "default", WHERE)
        assert "healthy" in self.types(f"gitops-secrets doctor --context {NAMED}")

    def push(self) -> str:
        """Push main; return the commit."""
        self.git("push", "--quiet", "--force", "--set-upstream", "origin", "main")
        return self.git("rev-parse", "HEAD").strip()

    def begin_anew(self) -> None:
        """Have the repository be as flux bootstrap left it."""
        self.git("reset", "--quiet", "--hard", self._begun)
        self.push()

    def colleague(self) -> str:
        """Have somebody else push a commit, and Flux apply it; return the commit."""
        clone = self._repository.clone(self.home / "colleague")
        (clone / "README.md").write_text("A change\n")
        for words in (
            ("add", "README.md"),
            ("commit", "--quiet", "-m", "Change"),
            ("push", "--quiet"),
        ):
            self._repository.git(*words, cwd=clone)
        commit = self._repository.git("rev-parse", "HEAD", cwd=clone).strip()
        self.flux.wait_ready("pull-secrets", revision=commit)
        return commit

    def change(self, kind: str, name: str, change: dict[str, Any]) -> None:
        """Merge *change* into an object of Flux's namespace."""
        self.cluster.api.patch(kind, name, NAMESPACE, change)

    def run_pod(self, name: str, image: str, **spec: object) -> None:
        """Make a pod, which no kubelet starts."""
        self.cluster.kubectl(
            *("run", name, WHERE, f"--image={image}", "--restart=Never"),
            "--overrides=" + json.dumps({"spec": spec}),
        )

    def heal(self) -> None:
        """Have repository and cluster be as they were."""
        self.log_in()
        self.flux.source.is_asked = False
        self.cluster.kubectl("delete", "pods", "--all", WHERE, "--grace-period=0", "--force")
        if self._state() == self._healthy:
            return
        # Before the commit comes: what cannot be decrypted is tried again after minutes only.
        self.cluster.kubectl("delete", "secret", "sops-age", WHERE, "--ignore-not-found")
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sops-age"}}
        identity = json.dumps({**secret, "data": self._healthy["identity"]})
        self.cluster.kubectl("create", WHERE, "-f", "-", input=identity)
        self.git("reset", "--quiet", "--hard", self._first)
        self.git("clean", "--quiet", "-fdx")
        self.push()
        names = ("flux-system", "pull-secrets")
        for name in names:
            self.flux.wait_ready(name, revision=self._first)
        if self._state() != self._healthy:
            for name in names:
                self.flux.reconcile(name)
        assert self._state() == self._healthy

    def _state(self) -> dict[str, Any]:
        """Return what situations change, but for pods."""
        found = self.cluster.find("Secret", "sops-age", NAMESPACE) or {}
        pull = self.cluster.find("Secret", "regcred", NAMESPACE) or {}
        account = self.cluster.get("ServiceAccount", "source-controller", NAMESPACE)
        return {
            "identity": found.get("data"),
            "pull": pull.get("data"),
            "account": account.get("imagePullSecrets"),
            "here": self.git("rev-parse", "HEAD").strip(),
            "there": self._repository.git("rev-parse", "main").strip(),
        }
