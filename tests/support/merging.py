"""Branches that change one encrypted file: written by the real sops, merged by the real Git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.secrets import recipient
from tests.support.user import Result, User

SECRETS = "^(data|stringData)$"
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: db
stringData:
  a: one
  b: two
"""


class Branches:
    """A repository with the drivers, one file at *path*, and an identity that opens it."""

    def __init__(self, user: User, path: str = "apps/db.sops.yaml") -> None:
        self.user = user
        self.path = path
        self.recipient = recipient(user)
        assert user.run("hooks", "install").status == 0
        self.commit({"readme.md": "hello\n"}, "start")

    @property
    def form(self) -> str:
        return self.path.rpartition(".")[2]

    def encrypt(
        self, plain: str, *options: str, readers: tuple[str, ...] = (), regex: str = SECRETS
    ) -> str:
        """Return *plain* as sops encrypts it: with *regex*, or all of it if that is empty."""
        rule = ["--encrypted-regex", regex] if regex else []
        form = ["--input-type", self.form, "--output-type", self.form, "/dev/stdin"]
        who = ",".join(readers or (self.recipient,))
        return self.sops(*options, "encrypt", "--age", who, *rule, *form, stdin=plain)

    def sops_edit(self, editor: Path) -> None:
        """Have sops start *editor* for the file: what did not change keeps its ciphertext."""
        self.sops("edit", str(self.user.repository / self.path), EDITOR=str(editor))

    def editing(self, plain: str) -> Callable[[], None]:
        """Return what has sops put *plain* in the file: what did not change keeps its ciphertext."""

        def run() -> None:
            editor = self.user.home / "editor"
            editor.write_text(f"#!/bin/sh\ncat > \"$1\" <<'E'\n{plain}\nE\n")
            editor.chmod(0o755)
            self.sops_edit(editor)
            editor.unlink()

        return run

    def sops(self, *arguments: str, stdin: str = "", **env: str) -> str:
        """What sops prints; it has to succeed."""
        done = subprocess.run(
            [find_sops(), *arguments],
            input=stdin.encode(),
            env={**self.user.env, **env},
            cwd=self.user.home,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def set(self, *key: str, value: str | None) -> None:
        """Have sops set the value at *key* in the work tree, to its JSON; None takes it away."""
        way = "".join(f'["{step}"]' for step in key)
        file = str(self.user.repository / self.path)
        if value is None:
            self.sops("unset", file, way)
        else:
            self.sops("set", file, way, value)

    def setting(self, *key: str, value: str | None) -> Callable[[], None]:
        """Return what has sops set the value at *key*."""
        return lambda: self.set(*key, value=value)

    def start(self, content: str) -> None:
        """Commit the file, from which both branches begin."""
        self.commit({self.path: content}, "base")

    def commit(self, files: dict[str, str], message: str) -> None:
        """Commit *files*; the guard is not what is looked at here."""
        self.user.write(files)
        self.user.git("add", "--all")
        self.user.git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", message)

    def on(self, branch: str, *edits: Callable[[], object]) -> None:
        """Make *edits* on *branch*, new or not, and commit them."""
        known = self.user.git("branch", "--list", branch).strip()
        self.user.git("checkout", "--quiet", *([] if known else ["-b"]), branch)
        for edit in edits:
            edit()
        self.commit({}, f"edit on {branch}")

    def part(self, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
        """Have the branch topic make *theirs* and main make *ours*, both from where main is."""
        self.on("topic", theirs)
        self.on("main", ours)

    def merge(self, branch: str = "topic") -> Result:
        """Merge *branch*, whatever comes of it."""
        return self.user.program(["git", "merge", "--no-edit", branch])

    def content(self) -> str:
        """The file in the work tree."""
        return self.user.read(self.path)

    def write(self, content: str) -> Callable[[], None]:
        """Return what writes the file."""
        return lambda: self.user.write({self.path: content})

    def opened(self) -> str:
        """What the file in the work tree holds, as sops reads it with its own MAC checked."""
        return self.sops("decrypt", str(self.user.repository / self.path))
