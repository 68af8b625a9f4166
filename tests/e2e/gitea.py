"""A Gitea that runs on loopback: registry, token API and Git host, all three real."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.process import Process, free_port, stopping, wait_for
from tests.e2e.tools.build import Binaries
from tests.support.contexts import Context
from tests.support.githttp import Repository
from tests.system.registries import Registry, basic

_SETTINGS = """\
APP_NAME = tests
RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = {folder}
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {static}
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = {folder}/gitea.db
[security]
INSTALL_LOCK = true
[service]
DEFAULT_USER_VISIBILITY = private
[repository]
ROOT = {folder}/repositories
[log]
LEVEL = Warn
MODE = console
"""


class Gitea(Context):
    """Gitea with one private user, ``robot``, whose password it was made with."""

    def __init__(self, binaries: Binaries, folder: Path, password: str) -> None:
        self.password = password
        self._folder = folder
        port = free_port()
        folder.mkdir(parents=True)
        self.registry = Registry(f"127.0.0.1:{port}", f"http://127.0.0.1:{port}", None)
        config = folder / "app.ini"
        config.write_text(_SETTINGS.format(folder=folder, port=port, static=binaries.gitea))
        self._env = {"HOME": str(folder), "USER": "root", "GITEA_WORK_DIR": str(folder)}
        self._command = [str(binaries.gitea / "gitea"), "--config", str(config)]
        self._log = folder / "log"

    def _open(self, stack: ExitStack) -> None:
        self._once("migrate")
        self._once(
            *("admin", "user", "create", "--username", "robot", "--email", "robot@example.com"),
            *("--password", self.password, "--must-change-password=false"),
        )
        stack.enter_context(stopping(Process([*self._command, "web"], self._log, self._env)))
        wait_for(self._answers, "Gitea", 60, self._log.read_text)

    def api(self, method: str, path: str, body: object = None) -> Any:
        """What the API answers to robot, with his password."""
        reply = httpx.request(
            method,
            f"{self.registry.url}/api/v1{path}",
            json=body,
            headers={"Authorization": basic("robot", self.password)},
            trust_env=False,
        )
        assert reply.status_code in (200, 201, 204), reply.text
        return reply.json() if reply.content else None

    def repository(self, name: str) -> Repository:
        """A new, empty and private repository of robot's, served to him with his password."""
        self.api("POST", "/user/repos", {"name": name, "private": True, "default_branch": "main"})
        url = f"{self.registry.url}/robot/{name}.git"
        return Repository(
            self._folder / "repositories/robot" / f"{name}.git", url, self.password, "robot"
        )

    def merge(self, repository: str, branch: str) -> None:
        """Open a pull request of *branch* against main, and merge it, as somebody does in the browser."""
        path = f"/repos/robot/{repository}/pulls"
        made = self.api("POST", path, {"head": branch, "base": "main", "title": "Rotate"})

        def is_checked() -> bool:
            # Gitea merges nothing before it has looked for conflicts, in the background.
            return bool(self.api("GET", f"{path}/{made['number']}")["mergeable"])

        wait_for(is_checked, "Gitea to see that the pull request merges", 30)
        body = {"Do": "merge", "delete_branch_after_merge": True}
        self.api("POST", f"{path}/{made['number']}/merge", body)

    def tokens(self) -> list[str]:
        """The names of robot's tokens."""
        return [token["name"] for token in self.api("GET", "/users/robot/tokens")]

    def _answers(self) -> bool:
        try:
            url = f"{self.registry.url}/api/healthz"
            return httpx.get(url, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _once(self, *arguments: str) -> None:
        done = subprocess.run(
            [*self._command, *arguments],
            env={"PATH": "/usr/bin:/bin", **self._env},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
