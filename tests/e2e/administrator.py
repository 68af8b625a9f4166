"""A user with kubectl, the flux CLI and a kubeconfig whose context is named as on the pages of docs/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.cluster import ADMIN, CONTEXT, Cluster
from tests.support.user import PROGRAM, User

NAMED = "prod"
"""The context."""


class Administrator(User):
    """Administers *cluster*; everything of the user's lies below *folder*."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        super().__init__(folder)
        self.cluster = cluster
        programs = [PROGRAM, cluster.binaries.path("kubectl"), cluster.binaries.flux_cli]
        path = ":".join(str(program.parent) for program in programs)
        self.env["PATH"] = f"{path}:{self.env['PATH']}"
        self.log_in()

    def log_in(self, user: str = ADMIN, server: str = "", token: str = "") -> None:
        """Write ~/.kube/config, with another *server* or *token* than the cluster's."""
        text = self.cluster.kubeconfig_for(user).read_text()
        config: dict[str, Any] = json.loads(text.replace(json.dumps(CONTEXT), json.dumps(NAMED)))
        if server:
            config["clusters"][0]["cluster"]["server"] = server
        if token:
            config["users"][0]["user"] = {"token": token}
        path = self.home / ".kube/config"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(config))

    def types(self, command: str, **env: str) -> str:
        """Type *command*, which has to succeed; return what it prints."""
        done = self.program(["bash", "-c", command], env=env)
        assert done.status == 0, (command, done.printed)
        return done.printed

    def editor(self, script: str) -> None:
        """Have ``kubectl edit`` change an object by the lines *script* of sed."""
        path = self.home / "editor"
        path.write_text(f"#!/bin/sh\nsed -i '{script}' \"$1\"\n")
        path.chmod(0o755)
        self.env["KUBE_EDITOR"] = str(path)
