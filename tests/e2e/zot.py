"""A zot that runs on loopback: a registry with a password file, and with API keys."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.e2e.process import Process, free_port, wait_for
from tests.system.registries import Registry, basic, write_htpasswd


class Zot:
    """zot with one user, ``robot``, whose password it was made with, and who alone may pull and push."""

    def __init__(self, program: Path, folder: Path, password: str) -> None:
        self.password = password
        folder.mkdir(parents=True)
        port = free_port()
        self.registry = Registry(f"127.0.0.1:{port}", f"http://127.0.0.1:{port}", None)
        write_htpasswd(folder / "htpasswd", {"robot": password})
        allowed = {"users": ["robot"], "actions": ["read", "create", "update", "delete"]}
        settings = {
            "distSpecVersion": "1.1.1",
            "storage": {"rootDirectory": str(folder / "storage")},
            "http": {
                "address": "127.0.0.1",
                "port": str(port),
                "auth": {"htpasswd": {"path": str(folder / "htpasswd")}, "apikey": True},
                "accessControl": {"repositories": {"**": {"policies": [allowed]}}},
            },
            "log": {"level": "warn"},
        }
        (folder / "config.json").write_text(json.dumps(settings))
        self._command = [str(program), "serve", str(folder / "config.json")]
        self._log = folder / "log"
        self._home = folder
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self._process = Process(self._command, self._log, {"HOME": str(self._home)})
        wait_for(self._answers, "zot", 60, self._log.read_text)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.stop()

    def keys(self) -> dict[str, str]:
        """The labels of robot's API keys, by their ids."""
        return {key["uuid"]: key["label"] for key in self._api("GET").get("apiKeys") or ()}

    def mint(self, label: str) -> tuple[str, str]:
        """A new API key of robot's: its id, and what it is."""
        made = self._api("POST", {"label": label, "scopes": []})
        return made["uuid"], made["apiKey"]

    def _api(self, method: str, body: object = None) -> Any:
        reply = httpx.request(
            method,
            f"{self.registry.url}/zot/auth/apikey",
            json=body,
            headers={"Authorization": basic("robot", self.password)},
            trust_env=False,
        )
        assert reply.status_code in (200, 201), reply.text
        return reply.json()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.registry.url}/v2/", trust_env=False).status_code == 401
        except httpx.HTTPError:
            return False
