"""Nexus' users. A stand-in, written from Sonatype's REST API, "Security management: users"."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.providers import answer, basic_of
from tests.support.webserver import Reply, Request

_PATH = "/service/rest/v1/security/users"


class Nexus:
    """The users of Nexus. A search finds each name that begins so; no answer has a password."""

    def __init__(self, user: str, password: str) -> None:
        self._login = (user, password)
        self.users: dict[str, dict[str, Any]] = {}
        self.passwords: dict[str, str] = {}

    def make(self, name: str, *roles: str) -> None:
        """A user as an admin made it."""
        self.users[name] = {
            "userId": name,
            "firstName": "A",
            "lastName": "Robot",
            "emailAddress": "robot@example.com",
            "source": "default",
            "status": "active",
            "readOnly": False,
            "roles": list(roles),
            "externalRoles": [],
        }

    def answer(self, request: Request) -> Reply:
        if basic_of(request) != self._login:
            return Reply(401)
        url = urlsplit(request.path)
        if request.method == "GET":
            asked = parse_qs(url.query).get("userId", [""])[0]
            return answer(200, [u for n, u in self.users.items() if n.startswith(asked)])
        if request.method == "POST":
            return self._post(json.loads(request.body))
        name = unquote(url.path.removeprefix(f"{_PATH}/"))
        if name not in self.users:
            return answer(404)
        if request.method == "DELETE":
            del self.users[name]
            return answer(204)
        body = json.loads(request.body)
        if body.keys() != self.users[name].keys() or body["userId"] != name:
            return answer(400)
        self.users[name] = body
        return answer(204)

    def _post(self, body: dict[str, Any]) -> Reply:
        needed = ("userId", "firstName", "lastName", "emailAddress", "password", "status", "roles")
        if not all(body.get(key) for key in needed) or body["userId"] in self.users:
            return answer(400, [{"id": "*", "message": "invalid"}])
        self.make(body["userId"], *body["roles"])
        self.passwords[body["userId"]] = body["password"]
        return answer(200, self.users[body["userId"]])
