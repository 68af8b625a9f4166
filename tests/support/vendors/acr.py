"""The passwords of a token of Azure Container Registry. A stand-in, written from Microsoft's REST pages of the registry."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from tests.support.providers import answer
from tests.support.secrets import mixed
from tests.support.webserver import Reply, Request

REGISTRY = (
    "subscriptions/0000/resourceGroups/fleet/providers/Microsoft.ContainerRegistry/registries/team"
)
PATH = f"{REGISTRY}/tokens/flux"


class Acr:
    """The token ``flux``. Values are shown once; what is asked for is done later, at an address that the answer names."""

    def __init__(self, bearer: str) -> None:
        self._bearer = bearer
        self.passwords: dict[str, str] = {}
        self.host, self.scheme = "", "http"
        """Where it is asked; another one's address is that of an attacker."""
        self._waits = 0
        self._made: dict[str, Any] = {}

    def answer(self, request: Request) -> Reply:
        if request.authorization != f"Bearer {self._bearer}":
            return answer(401, {"error": {"code": "InvalidAuthenticationToken"}})
        url = urlsplit(request.path)
        if url.path == f"/{REGISTRY}/operationStatuses/1":
            self._waits -= 1
            return self._later() if self._waits > 0 else answer(200, self._made)
        if url.query != "api-version=2025-11-01":
            return answer(400, {"error": {"code": "MissingApiVersionParameter"}})
        if url.path == f"/{REGISTRY}/generateCredentials":
            return self._generate(json.loads(request.body))
        if url.path != f"/{PATH}":
            return answer(404, {"error": {"code": "ResourceNotFound"}})
        if request.method == "PATCH":
            kept = json.loads(request.body)["properties"]["credentials"]["passwords"]
            names = {one["name"] for one in kept}
            self.passwords = {k: v for k, v in self.passwords.items() if k in names}
        credentials = {"passwords": [{"name": name} for name in sorted(self.passwords)]}
        return answer(200, {"name": "flux", "properties": {"credentials": credentials}})

    def _generate(self, body: dict[str, Any]) -> Reply:
        if body["tokenId"] != f"/{PATH}":
            return answer(404, {"error": {"code": "TokenNotFound"}})
        # Without a name, both are made anew.
        for name in [body["name"]] if "name" in body else ["password1", "password2"]:
            self.passwords[name] = mixed(32) + mixed(20)
        passwords = [
            {"name": name, "value": value, "expiry": body.get("expiry")}
            for name, value in self.passwords.items()
            if name == body.get("name", name)
        ]
        self._made = {"username": "flux", "passwords": passwords}
        self._waits = 2
        return self._later()

    def _later(self) -> Reply:
        where = f"{self.scheme}://{self.host}/{REGISTRY}/operationStatuses/1?api-version=2025-11-01"
        return Reply(202, [("Location", where), ("Retry-After", "1")])
