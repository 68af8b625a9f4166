"""The main job in half a minute: two registries, one commit, decrypted as Flux would, and a leak refused.

Everything happens in a temporary folder that is removed at the end: a Flux repository as
``flux bootstrap`` leaves it, a HOME of its own, made-up registries and passwords. Run it with
``make demo``.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from gitops_secrets.adapters.sops.binary import find_sops

_ACCOUNTS = ("source-controller", "kustomize-controller", "helm-controller")
_COMPONENTS = "".join(
    f"""---
apiVersion: v1
kind: ServiceAccount
metadata:
  labels:
    app.kubernetes.io/part-of: flux
  name: {name}
  namespace: flux-system
"""
    for name in _ACCOUNTS
)
_SYNC = """---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m0s
  url: https://git.example.com/fleet
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 10m0s
  path: ./clusters/prod
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
"""
_KUSTOMIZATION = """apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- gotk-components.yaml
- gotk-sync.yaml
"""


def main() -> int:
    """Run the demonstration; return 0 where every step did what it says."""
    with tempfile.TemporaryDirectory(prefix="gitops-secrets-demo-") as folder:
        demo = Demo(Path(folder))
        demo.lay_out()
        demo.bootstrap()
        demo.show_commit()
        demo.decrypt_as_flux_would()
        demo.refuse_a_readable_secret()
    _say("The temporary folder is gone, and nothing else was written.")
    return 0


class Demo:
    """One throwaway repository, and a HOME beside it."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "fleet"
        self.passwords = {
            "registry.example.com:5000": secrets.token_urlsafe(12) + ':$"{x} ü',
            "ghcr.io": secrets.token_urlsafe(24),
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SOPS_", "GIT_", "XDG_"))}
        programs = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        self.env = {**kept, "HOME": str(folder), "PATH": programs, "GIT_CONFIG_NOSYSTEM": "1"}

    def lay_out(self) -> None:
        """Make a repository as flux bootstrap leaves it."""
        flux = self.repository / "clusters" / "prod" / "flux-system"
        flux.mkdir(parents=True)
        (flux / "gotk-components.yaml").write_text(_COMPONENTS)
        (flux / "gotk-sync.yaml").write_text(_SYNC)
        (flux / "kustomization.yaml").write_text(_KUSTOMIZATION)
        for command in (
            "git init --quiet --initial-branch main",
            "git config user.name Demo",
            "git config user.email demo@example.com",
            "git add .",
            "git commit --quiet --message 'What flux bootstrap left'",
        ):
            self._run(command)
        _say("A Flux repository, as flux bootstrap leaves it:")
        self._show("git ls-files")

    def bootstrap(self) -> None:
        """Give it two registries, from the flags a user would give."""
        _say("Two registries; the credentials come from variables, never from an argument:")
        for number, (registry, password) in enumerate(self.passwords.items()):
            self.env[f"CREDS_{number}"] = f"robot:{password}"
            print(f"$ export CREDS_{number}=robot:...   # for {registry}")
        groups = " ".join(
            f"--registry {registry} --registry-creds-env CREDS_{number}"
            for number, registry in enumerate(self.passwords)
        )
        self._show(f"gitops-secrets bootstrap {groups} --image-pull-secret regcred")

    def show_commit(self) -> None:
        """Show what the commit holds, and that no password is readable in any object of Git."""
        _say("One commit; the values are encrypted, names and types are not:")
        self._show("git show --stat --format='%h %s'")
        shown = self._run("git show HEAD:pull-secrets/prod/regcred.sops.yaml").decode()
        print("\n".join(line[:96] for line in shown.splitlines()[:13]))
        everything = self._run("git cat-file --batch-all-objects --batch")
        for password in self.passwords.values():
            auth = base64.b64encode(f"robot:{password}".encode())
            if password.encode() in everything or auth in everything:
                raise SystemExit("a password is readable in Git")
        print("(no password, nor its base64, in any object of the repository)")

    def decrypt_as_flux_would(self) -> None:
        """Open the committed Secret with the cluster's identity alone, and compare."""
        _say("Flux has the cluster's identity, and nothing else; with it the Secret opens:")
        identity = next(Path(self.env["HOME"]).rglob("prod.agekey"))
        manifest = self._run("git show HEAD:pull-secrets/prod/regcred.sops.yaml")
        argv = [find_sops(), "decrypt", "--input-type", "yaml", "--output-type", "yaml"]
        opened = subprocess.run(
            argv,
            input=manifest,
            env={
                "PATH": self.env["PATH"],
                "HOME": "/nonexistent",
                "SOPS_AGE_KEY_FILE": str(identity),
            },
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        secret = yaml.safe_load(opened)
        config = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
        for registry, password in self.passwords.items():
            if config["auths"][registry]["password"] != password:
                raise SystemExit(f"{registry} does not read back")
            print(
                f"{secret['type']} {secret['metadata']['name']}: {registry} as robot, password equal"
            )

    def refuse_a_readable_secret(self) -> None:
        """Commit what kubectl prints, with the hooks in place: the commit is refused."""
        _say("A colleague commits the same Secret as kubectl prints it:")
        self._show("gitops-secrets hooks install")
        password = secrets.token_urlsafe(18)
        auth = base64.b64encode(f"robot:{password}".encode()).decode()
        config = json.dumps({"auths": {"ghcr.io": {"auth": auth}}}).encode()
        (self.repository / "apps").mkdir()
        (self.repository / "apps" / "secret.yaml").write_text(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: regcred\n  namespace: apps\n"
            "type: kubernetes.io/dockerconfigjson\n"
            f"data:\n  .dockerconfigjson: {base64.b64encode(config).decode()}\n"
        )
        before = self._run("git rev-parse HEAD")
        print("$ git add apps && git commit --message 'Pull Secret for the apps'", flush=True)
        self._run("git add apps")
        refused = subprocess.run(
            ["git", "commit", "--message", "Pull Secret for the apps"],
            cwd=self.repository,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = refused.stdout.decode()
        print(said, end="")
        if refused.returncode == 0 or self._run("git rev-parse HEAD") != before:
            raise SystemExit("a readable Secret was committed")
        if password in said or auth in said:
            raise SystemExit("the refusal repeats the secret")
        print("(the commit was refused, and what is said holds nothing of the secret)")

    def _run(self, command: str) -> bytes:
        return subprocess.run(
            shlex.split(command),
            cwd=self.repository,
            env=self.env,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout

    def _show(self, command: str) -> None:
        print(f"$ {command}", flush=True)
        sys.stdout.write(self._run(command).decode())
        sys.stdout.flush()


def _say(words: str) -> None:
    print(f"\n== {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
