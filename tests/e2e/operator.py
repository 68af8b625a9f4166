"""A person at a machine of his own: a HOME, a clone, and the gitops-secrets command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.process import E2EError
from tests.support.githttp import Repository, git_environ

PROGRAM = Path(sys.executable).with_name("gitops-secrets")


class Operator:
    """Runs the installed command in a clone of *repository*; his identities are in his own HOME."""

    def __init__(self, repository: Repository, home: Path) -> None:
        home.mkdir(parents=True)
        self.home = home
        self._repository = repository
        self.clone = repository.clone(home / "fleet")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SOPS_", "GIT_", "XDG_"))}
        self._environ = {**kept, **git_environ(home), "HOME": str(home)}

    def run(self, *arguments: str, creds: str = "", ok: bool = True) -> str:
        """What the command prints, both streams; *creds* is in the variable CREDS."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.clone,
            env={**self._environ, "CREDS": creds},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        printed = done.stdout.decode()
        if ok and done.returncode:
            raise E2EError(f"gitops-secrets {arguments[0]} ended with {done.returncode}\n{printed}")
        return printed

    def bootstrap(self, creds: str, *flags: str, registry: str = "registry.example.com") -> str:
        """Bootstrap clusters/prod with one registry, and push."""
        return self.run(
            *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred"),
            *("--registry", registry, "--registry-creds-env", "CREDS", *flags),
            creds=creds,
        )

    def apply(self, cluster: Cluster, *flags: str, ok: bool = True) -> str:
        """Apply clusters/prod to *cluster*."""
        return self.run(
            *("apply", "--path", "clusters/prod", "--context", CONTEXT, "--yes"),
            *("--kubeconfig", str(cluster.kubeconfig), *flags),
            ok=ok,
        )

    def git(self, *arguments: str) -> str:
        """What git prints in the clone."""
        return self._repository.git(*arguments, cwd=self.clone)

    def push(self) -> str:
        """Push main; return the commit."""
        self.git("push", "--quiet", "--set-upstream", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD").strip()
