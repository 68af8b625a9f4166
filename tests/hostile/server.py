"""A bare repository with the guard at its door, over a local path, and the pushes to it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.draw import hexadecimal
from tests.support.user import User

RULES = "creation_rules:\n- path_regex: ^secrets/\n"
RULED = "secrets/db.yaml"


def readable(name: str = "db") -> str:
    """A Secret that anybody can read, with a value of its own."""
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: apps}}\n"
        f"stringData: {{p: {hexadecimal(12)}}}\n"
    )


@dataclass
class Server:
    """The guarded repository that *user*'s repository has as origin."""

    user: User
    folder: Path

    def git(self, *arguments: str) -> str:
        """What git prints in the bare repository."""
        return self.user.git(*arguments, cwd=self.folder)

    def push(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Push as the user, who sees what the guard says; his own hooks do not look."""
        return subprocess.run(
            ["git", "push", "--no-verify", "origin", *arguments],
            cwd=self.user.repository,
            env=self.user.env,
            capture_output=True,
            check=False,
        )

    def accepts(self, *arguments: str) -> bool:
        """Whether a push goes through; what kept it is the guard, and says so."""
        done = self.push(*arguments)
        if done.returncode:
            assert b"gitops-secrets" in done.stderr, done.stderr.decode()
        return done.returncode == 0

    def without_guard(self, *arguments: str) -> None:
        """Push past the guard, as who may configure the server can."""
        self.git("config", "core.hooksPath", "/dev/null")
        assert self.push(*arguments).returncode == 0
        self.git("config", "--unset", "core.hooksPath")


def serve(user: User, folder: Path, files: dict[str, str]) -> Server:
    """Return a server whose main has *files*."""
    user.git("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    user.git("remote", "add", "origin", str(folder))
    server = Server(user, folder)
    if files:
        user.commit(files)
        server.without_guard("main")
    assert user.run("hooks", "install", "--repo", str(folder)).status == 0
    return server
