"""Quay's robots. A stand-in, written from Quay's ``endpoints/api/robot.py``, ``endpoints/api/permission.py`` and ``data/model/user.py``."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.providers import answer
from tests.support.secrets import mixed
from tests.support.webserver import Reply, Request

_ROBOTS = "/api/v1/organization/team/robots"


class Quay:
    """The robots of the organisation ``team``. A new one may read nothing, and the list shows tokens unless asked not to."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.robots: dict[str, dict[str, Any]] = {}
        self.roles: dict[tuple[str, str], str] = {}
        """By robot and repository."""
        self.refuses_roles = False

    def make(self, short: str, *repositories: str) -> str:
        """The name of a robot that an owner made, which may read *repositories*."""
        self.robots[f"team+{short}"] = {"name": f"team+{short}", "token": mixed(32) + mixed(32)}
        for repository in repositories:
            self.roles[f"team+{short}", repository] = "read"
        return f"team+{short}"

    def answer(self, request: Request) -> Reply:
        if request.authorization != f"Bearer {self._token}":
            return answer(401, {"message": "Requires authentication"})
        url = urlsplit(request.path)
        path = unquote(url.path)
        granted = re.fullmatch(r"/api/v1/repository/team/([^/]+)/permissions/user/(.+)", path)
        if granted is not None:
            if self.refuses_roles:
                return answer(403, {"message": "Unauthorized"})
            self.roles[granted[2], granted[1]] = json.loads(request.body)["role"]
            return answer(200, {"role": "read", "name": granted[2], "is_robot": True})
        if path == _ROBOTS:
            is_told = parse_qs(url.query).get("token") != ["false"]
            shown = [
                {k: v for k, v in robot.items() if is_told or k != "token"}
                for robot in self.robots.values()
            ]
            return answer(200, {"robots": shown})
        found = re.fullmatch(rf"{_ROBOTS}/([^/]+)(/permissions)?", path)
        if found is None:
            return answer(404, {"message": "Not Found"})
        return self._one(request, found[1], of_permissions=bool(found[2]))

    def _one(self, request: Request, short: str, *, of_permissions: bool) -> Reply:
        name = f"team+{short}"
        if request.method == "PUT":
            if not re.fullmatch(r"[a-z][a-z0-9_]{1,254}", short):
                return answer(400, {"message": f"The name for the robot {short} is invalid"})
            if name in self.robots:
                return answer(400, {"message": f"Existing robot with name: {name}"})
            self.make(short)
            self.robots[name]["description"] = json.loads(request.body).get("description", "")
            return answer(201, self.robots[name])
        if name not in self.robots:
            return answer(404, {"message": "Could not find robot"})
        if of_permissions:
            readable = [repository for robot, repository in self.roles if robot == name]
            held = [
                {"repository": {"name": r, "is_public": False}, "role": "read"} for r in readable
            ]
            return answer(200, {"permissions": held})
        del self.robots[name]
        return answer(204)
