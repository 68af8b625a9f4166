"""A user: a HOME, a temporary folder and a repository of his own, and the installed command."""

from __future__ import annotations

import copy
import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("gitops-secrets")
KEPT = ("PATH", "LANG", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it printed."""

    status: int
    stdout: str
    stderr: str

    @property
    def printed(self) -> str:
        """Both streams."""
        return self.stdout + self.stderr


class User:
    """Everything a run can read or write lies below *folder*; nothing comes from the tester's HOME."""

    def __init__(self, folder: Path) -> None:
        self.printed: Path | None = None
        """Where a run in the background prints to; None for a file of the user's own."""
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.repository = folder / "fleet"
        for path in (self.home, self.temporary, self.repository):
            path.mkdir(parents=True)
        (self.home / ".gitconfig").write_text(
            "[user]\n\tname = A User\n\temail = user@example.com\n"
        )
        self.env = {k: os.environ[k] for k in KEPT if k in os.environ}
        self.env |= {
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        self.git("init", "--quiet", "--initial-branch=main")

    def moved(self, folder: Path) -> User:
        """The same user, all of whose files were copied to *folder*."""
        user = copy.copy(self)
        user.home, user.temporary, user.repository = (
            folder / path.name for path in (self.home, self.temporary, self.repository)
        )
        user.env = self.env | {"HOME": str(user.home), "TMPDIR": str(user.temporary)}
        return user

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        cwd: Path | None = None,
    ) -> Result:
        """Run gitops-secrets with *arguments*, and *env* besides his own."""
        return self.program([PROGRAM, *arguments], env=env, stdin=stdin, cwd=cwd)

    def program(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        cwd: Path | None = None,
    ) -> Result:
        """Run any program as this user."""
        done = subprocess.run(
            argv,
            cwd=cwd or self.repository,
            env={**self.env, **(env or {})},
            input=stdin if stdin is not None else b"",
            capture_output=True,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def bootstrap(self, *flags: str, creds: str = "robot:password", **more: str) -> Result:
        """Bootstrap clusters/prod with registry.example.com, its credentials in a variable."""
        return self.run(*BOOTSTRAP, *flags, env={"CREDS": creds, **more})

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """What git prints in his repository; raises with its words where it fails."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.repository,
            env=self.env,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"git {arguments[0]}: {done.stderr.decode()}")
        return done.stdout.decode()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write *files* into the work tree."""
        for path, content in files.items():
            target = self.repository / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes]) -> None:
        """Write and commit *files*."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change")

    def hook(self, name: str, script: str) -> None:
        """Give the repository a Git hook."""
        path = self.repository / ".git" / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def read(self, path: str) -> str:
        """What the work tree holds at *path*."""
        return (self.repository / path).read_text()

    def state(self) -> dict[str, object]:
        """Everything that a failed run must leave as it was: files, index, branches, identities."""
        files = {
            str(path.relative_to(self.repository)): path.read_bytes()
            for path in sorted(self.repository.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(self.repository).parts
        }
        return {
            "files": files,
            "index": self.git("ls-files", "--stage"),
            "refs": self.git("for-each-ref"),
            "branch": self.git("branch", "--show-current"),
            "status": self.git("status", "--porcelain", "--untracked-files=all"),
            "home": sorted(str(p) for p in self.home.rglob("*") if p.is_file()),
            "temporary": sorted(str(p) for p in self.temporary.rglob("*")),
        }

    def facts(self, git: str = ".git") -> Path:
        """Where scan --history keeps what it learnt of his repository, whose Git folder is *git*."""
        common = os.fsencode((self.repository / git).resolve())
        return self.home / f".cache/gitops-secrets/facts-{hashlib.sha256(common).hexdigest()}"

    def commits(self) -> int:
        """How many commits HEAD has."""
        return len(self.git("rev-list", "--all").split())

    def credentials(self, path: str = "pull-secrets/prod/regcred.sops.yaml") -> dict[str, str]:
        """USER:PASSWORD by registry key, as the cluster's identity opens the committed Secret."""
        import base64
        import json

        import yaml

        from gitops_secrets.adapters.sops.binary import find_sops

        identities = self.temporary / "identities.txt"
        found: Sequence[Path] = sorted((self.home / ".config").rglob("*.agekey"))
        identities.write_bytes(b"".join(p.read_bytes() for p in found))
        done = subprocess.run(
            [find_sops(), "decrypt", "--input-type", "yaml", "--output-type", "yaml"],
            input=self.git("show", f"HEAD:{path}").encode(),
            env={**self.env, "SOPS_AGE_KEY_FILE": str(identities)},
            capture_output=True,
            check=True,
        )
        identities.unlink()
        config = base64.b64decode(yaml.safe_load(done.stdout)["data"][".dockerconfigjson"])
        return {
            key: base64.b64decode(entry["auth"]).decode()
            for key, entry in json.loads(config)["auths"].items()
        }


BOOTSTRAP = (
    *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred"),
    *("--registry", "registry.example.com", "--registry-creds-env", "CREDS"),
)
