"""A Git server over HTTP on loopback: Git's own ``http-backend`` behind a small CGI handler."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

from tests.support.contexts import Context, serving
from tests.support.draw import hexadecimal

USER: Final = "git"


def git_environ(home: Path) -> dict[str, str]:
    """An environment in which Git reads no configuration but the repository's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "A Developer"), ("EMAIL", "developer@example.com"))
    }
    config = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return {**kept, **who, **config, "HOME": str(home), "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True)
class Repository:
    """A bare repository that a server serves at *url* to *user* with *password*."""

    folder: Path
    url: str
    password: str = field(repr=False)
    user: str = USER

    @property
    def url_with_password(self) -> str:
        """The address with the user and the password in it, for ``git clone`` and ``git push``."""
        return self.url.replace("://", f"://{self.user}:{self.password}@", 1)

    def git(self, *args: str, cwd: Path | None = None) -> str:
        """What ``git args`` prints in the bare repository, or in *cwd*."""
        environ = git_environ(self.folder)
        done = subprocess.run(
            ["git", *args], cwd=cwd or self.folder, env=environ, capture_output=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"git {args[0]}: {done.stderr.decode().strip()}")
        return done.stdout.decode()

    def clone(self, folder: Path) -> Path:
        """A work tree of it in *folder*, on main, that can push; also of an empty repository."""
        self.git("clone", "--quiet", self.url_with_password, str(folder))
        self.git("config", "user.name", "A Developer", cwd=folder)
        self.git("config", "user.email", "developer@example.com", cwd=folder)
        return folder

    def commit(self, files: Mapping[str, str], message: str = "Change files") -> str:
        """Commit *files* (path to text) on main, beside what is there; returns the commit."""
        worktree = self.folder.with_suffix(".worktree")
        if not worktree.exists():
            self.clone(worktree)
        if self.git("branch", "--list", "main"):
            self.git("fetch", "--quiet", cwd=worktree)
            self.git("checkout", "--quiet", "-B", "main", "origin/main", cwd=worktree)
        for path, text in files.items():
            target = worktree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            self.git("add", "--", path, cwd=worktree)
        self.git("commit", "--quiet", "-m", message, cwd=worktree)
        self.git("push", "--quiet", "origin", "main", cwd=worktree)
        return self.head()

    def head(self) -> str:
        """The commit that main is at."""
        return self.git("rev-parse", "main").strip()

    def read(self, path: str) -> str:
        """The text of *path* on main."""
        return self.git("show", f"main:{path}")


class GitServer(Context):
    """Serves every repository that create() makes; use it with ``with``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._password = hexadecimal(8)
        self._server = _Server(folder, self._password)

    def _open(self, stack: ExitStack) -> None:
        stack.enter_context(serving(self._server))

    def create(self, name: str) -> Repository:
        """An empty bare repository with the branch main."""
        folder = self.folder / f"{name}.git"
        url = f"http://127.0.0.1:{self._server.server_port}/{name}.git"
        folder.mkdir(parents=True)
        repository = Repository(folder, url, self._password)
        repository.git("init", "--quiet", "--bare", "--initial-branch=main")
        return repository


class _Server(ThreadingHTTPServer):
    def __init__(self, folder: Path, password: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.authorization = "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _serve(self) -> None:
        body = self._body()
        server = cast("_Server", self.server)
        if self.headers.get("Authorization") != server.authorization:
            self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
            return
        asked = urlsplit(self.path)
        environ = {
            **git_environ(server.folder),
            "GIT_PROJECT_ROOT": str(server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": USER,
            "REQUEST_METHOD": self.command,
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environ, capture_output=True, check=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self._answer(int(fields.pop("Status", "200").split()[0]), fields, content)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: int, fields: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
