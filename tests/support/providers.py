"""Stand-ins for the APIs of registries that cannot be had here, as their vendors describe them and as they were measured.

They are no kinder than the servers: Harbor ignores the secret that it is asked for, lists the robots of the system alone unless
it is asked for a project by its number, takes no upper case, and lets no robot disable one; GitLab chooses the user name.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.secrets import mixed
from tests.support.webserver import Reply, Request


def answer(status: int, content: object = None) -> Reply:
    body = json.dumps(content).encode() if content is not None else b""
    return Reply(status, [("Content-Type", "application/json")], body)


class Harbor:
    """The robots of the project ``team``. A stand-in: Harbor's core is in no package registry."""

    def __init__(self, admin: str, password: str) -> None:
        self._login = (admin, password)
        self.minting = admin
        self.robots: dict[int, dict[str, Any]] = {}
        self.secrets: dict[str, str] = {}
        """By user name: what the registry takes."""
        self.fails: dict[str, int] = {}
        """By method: the status that it answers once."""
        self.is_deaf = False
        """Whether a robot that is disabled pulls all the same: what a wrong id looks like."""
        self._disabled: dict[str, str] = {}
        self._next = 40

    def make(self, name: str, permissions: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """A robot as an admin made it."""
        return self._make(
            {"name": name, "level": "project", "duration": -1, "permissions": permissions or []}
        )

    def _make(self, body: dict[str, Any]) -> dict[str, Any]:
        self._next += 1
        full, secret = f"robot$team+{body['name']}", mixed(32)
        robot = {"id": self._next, **body, "name": full, "expires_at": -1, "disable": False}
        if body["duration"] > 0:
            robot["expires_at"] = 2_000_000_000
        self.robots[self._next] = robot
        self.secrets[full] = secret
        return {"id": self._next, "name": full, "secret": secret, "expires_at": robot["expires_at"]}

    def answer(self, request: Request) -> Reply:
        if request.method in self.fails:
            return answer(self.fails.pop(request.method), {"errors": [{"code": "UNKNOWN"}]})
        if basic_of(request) != self._login:
            return answer(401, {"errors": [{"code": "UNAUTHORIZED"}]})
        url = urlsplit(request.path)
        if url.path == "/api/v2.0/projects/team":
            return answer(200, {"project_id": 7, "name": "team"})
        number = re.fullmatch(r"/api/v2\.0/robots/(\d+)", url.path)
        if number is not None:
            return self._one(request, int(number[1]))
        if url.path != "/api/v2.0/robots":
            return answer(404, {"errors": [{"code": "NOT_FOUND"}]})
        if request.method == "POST":
            return self._post(json.loads(request.body))
        query = parse_qs(url.query)
        is_ours = query.get("q") == ["Level=project,ProjectID=7"]
        page, size = (int(query.get(key, ["1"])[0]) for key in ("page", "page_size"))
        robots = list(self.robots.values()) if is_ours else []
        return answer(200, robots[(page - 1) * size : page * size])

    def _post(self, body: dict[str, Any]) -> Reply:
        if not re.fullmatch(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", body["name"]) or body["duration"] == 0:
            return answer(400, {"errors": [{"code": "BAD_REQUEST"}]})
        if not body["permissions"]:
            return answer(400, {"errors": [{"code": "BAD_REQUEST"}]})
        if any(r["name"] == f"robot$team+{body['name']}" for r in self.robots.values()):
            return answer(409, {"errors": [{"code": "CONFLICT"}]})
        return answer(201, self._make(body))

    def _one(self, request: Request, number: int) -> Reply:
        robot = self.robots.get(number)
        if robot is None:
            return answer(404, {"errors": [{"code": "NOT_FOUND"}]})
        if request.method == "DELETE":
            del self.robots[number]
            self.secrets.pop(robot["name"], None)
            return answer(200)
        if request.method == "PUT":
            return self._put(robot, json.loads(request.body))
        return answer(200, robot)

    def _put(self, robot: dict[str, Any], body: dict[str, Any]) -> Reply:
        if self._login[0].startswith("robot$"):
            return answer(403, {"errors": [{"code": "FORBIDDEN"}]})
        if any(body.get(key) != robot[key] for key in ("name", "level")):
            return answer(400, {"errors": [{"code": "BAD_REQUEST"}]})
        robot.update(body)
        name = robot["name"]
        # Harbor keeps the secret of a disabled robot, and takes it again later.
        taken, given = self.secrets, self._disabled
        if not body["disable"]:
            taken, given = given, taken
        if name in taken and not self.is_deaf:
            given[name] = taken.pop(name)
        return answer(200)


class GitLab:
    """The deploy tokens of the project ``group/app``, or of ``group``. A stand-in: GitLab is in no package registry."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.tokens: dict[int, dict[str, Any]] = {}
        self._next = 10

    def answer(self, request: Request) -> Reply:
        if request.headers.get("PRIVATE-TOKEN") != self._token:
            return answer(401, {"message": "401 Unauthorized"})
        url = urlsplit(request.path)
        whose = r"/api/v4/(projects/group%2Fapp|groups/group)/deploy_tokens(?:/(\d+))?"
        found = re.fullmatch(whose, url.path)
        if found is None:
            return answer(404, {"message": "404 Project Not Found"})
        if request.method == "POST":
            return self._post(json.loads(request.body))
        if request.method == "DELETE":
            gone = self.tokens.pop(int(found[2]), None)
            return answer(204) if gone else answer(404, {"message": "404 Not Found"})
        is_active = parse_qs(url.query).get("active") == ["true"]
        tokens = [t for t in self.tokens.values() if not is_active or not t["revoked"]]
        return answer(200, [{k: v for k, v in t.items() if k != "token"} for t in tokens])

    def _post(self, body: dict[str, Any]) -> Reply:
        if not set(body["scopes"]) <= {"read_registry", "read_repository"} or not body["scopes"]:
            return answer(400, {"message": {"scopes": ["is invalid"]}})
        self._next += 1
        made = {
            "id": self._next,
            "name": body["name"],
            "username": f"gitlab+deploy-token-{self._next}",
            "expires_at": body.get("expires_at"),
            "token": mixed(20),
            "revoked": False,
            "expired": False,
            "scopes": body["scopes"],
        }
        self.tokens[self._next] = made
        return answer(201, made)


def basic_of(request: Request) -> tuple[str, str]:
    """The user name and the password of Basic authentication; empty ones without it."""
    import base64

    kind, _, pair = request.authorization.partition(" ")
    if kind != "Basic":
        return "", ""
    user, _, password = base64.b64decode(pair).decode().partition(":")
    return user, password
