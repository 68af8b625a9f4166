"""Harbor: a second robot with the permissions of the old one.

A robot has one secret, and a new secret ends the old one at once: so a second robot is made, and the first deleted.
The answer to a mint holds Harbor's own secret and user name, whatever was asked for. Robots of a project are listed by
the project's number (Harbor's API description, ``api/v2.0/swagger.yaml``).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from gitops_secrets.adapters.registries.api import NUMBER, Api, check_id, end_of
from gitops_secrets.adapters.registries.login import basic
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.adapters.registries.providers import About
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.minted import Listed, Minted
from gitops_secrets.errors import UsageError

NAME = "Harbor"
ABOUT = About(
    mints="a robot of the project that `--endpoint https://HOST/PROJECT` names, with the permissions of the old one, or "
    "`pull` if that is not known; without PROJECT a system robot, which needs the old one's",
    least="a system robot with `robot: create, delete, list, read` on the project, which gets no right that it lacks itself; "
    "a project admin can do more",
    expiry="as the answer says; the old robot's duration is asked for again, else none",
    tokens="30 minutes, measured",
    pause="the robot is disabled; a robot that mints has no right to that, and then it is left out",
    tried="a stand-in written from Harbor's API description and from answers of Harbor core of August 2026",
)
_ROBOTS = "/api/v2.0/robots"
_NEVER = -1
_TOKEN_SECONDS = 30 * 60


class Harbor:
    """The robots of one project, or those of the system."""

    name = NAME
    kind = "harbor"

    def __init__(self, access: Access) -> None:
        self._project = access.path
        self._api = Api(access, NAME, basic(access.credentials))

    def list(self) -> list[Listed]:
        """Return the robots, each by the name that it was made with."""
        return [
            Listed(
                str(robot.get("id")),
                _bare(str(robot.get("name"))),
                str(robot.get("name")),
                is_paused=robot.get("disable") is True,
            )
            for robot in self._api.pages(_ROBOTS, self._query(), "page_size")
        ]

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return a new robot *name* with the permissions of the robot *ident*."""
        del user
        old = self._robot(ident) if ident is not None else {}
        body = {
            "name": name,
            "level": "project" if self._project else "system",
            "duration": old.get("duration", _NEVER),
            "permissions": old.get("permissions") or _pull_from(self._project),
        }
        reply = self._api.ask("POST", _ROBOTS, body=body)
        content = reply.content if isinstance(reply.content, dict) else {}
        number, secret, made = (content.get(key) for key in ("id", "secret", "name"))
        good = isinstance(number, int) and isinstance(secret, str) and isinstance(made, str)
        if reply.status != 201 or not good or not secret or not made:
            raise self._api.refused("mint a robot", reply)
        end = end_of(content.get("expires_at"))
        return Minted(str(number), Credentials(made, secret), end, _TOKEN_SECONDS)

    def revoke(self, ident: str) -> None:
        """Delete the robot *ident*."""
        check_id(ident, NUMBER, f"a robot of {NAME}")
        self._api.delete(f"{_ROBOTS}/{ident}", f"the robot {ident}", 200)

    def pause(self, ident: str) -> None:
        """Disable the robot *ident*."""
        self._set_disabled(ident, disabled=True)

    def reactivate(self, ident: str) -> None:
        """Enable the robot *ident* again."""
        self._set_disabled(ident, disabled=False)

    def _set_disabled(self, ident: str, *, disabled: bool) -> None:
        # The whole robot is sent: Harbor takes no part of one.
        body = {**self._robot(ident), "disable": disabled}
        reply = self._api.ask("PUT", f"{_ROBOTS}/{quote(ident, safe='')}", body=body)
        if reply.status != 200:
            raise self._api.refused(
                f"{'disable' if disabled else 'enable'} the robot {ident}", reply
            )

    def _query(self) -> dict[str, str | int]:
        """Return what the list is asked for: without a project it has the robots of the system alone."""
        if not self._project:
            return {}
        headers = {"X-Is-Resource-Name": "true"}
        path = f"/api/v2.0/projects/{quote(self._project, safe='')}"
        reply = self._api.ask("GET", path, headers=headers)
        number = reply.content.get("project_id") if isinstance(reply.content, dict) else None
        if reply.status != 200 or not isinstance(number, int):
            raise self._api.refused(f"show the project {self._project}", reply)
        return {"q": f"Level=project,ProjectID={number}"}

    def _robot(self, ident: str) -> dict[str, Any]:
        reply = self._api.ask("GET", f"{_ROBOTS}/{quote(ident, safe='')}")
        if reply.status != 200 or not isinstance(reply.content, dict):
            raise self._api.refused(f"show the robot {ident}", reply)
        return reply.content


def open_minter(access: Access) -> Harbor:
    """Return what mints by *access*. Raises UsageError if its path is no project."""
    if access.path and not re.fullmatch(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", access.path):
        raise UsageError(
            "what --endpoint has behind the host is not the name of a project of Harbor",
            "--endpoint https://HOST/PROJECT",
        )
    return Harbor(access)


def _bare(name: str) -> str:
    """Return the *name* that a robot was made with: ``robot$project+name`` or ``robot$name``, with any prefix."""
    return name.rpartition("+")[2].rpartition("$")[2]


def _pull_from(project: str) -> list[dict[str, object]]:
    """Return the right to pull from *project*. Raises UsageError without one: the system has no such right."""
    if not project:
        raise UsageError(
            "a system robot is minted with the permissions of the old one, whose id is not known",
            "--endpoint https://HOST/PROJECT",
            "--revoke ID",
        )
    access = [{"resource": "repository", "action": "pull"}]
    return [{"kind": "project", "namespace": project, "access": access}]
