"""Quay: a second robot of an organisation, which may read the repositories that the first may read.

A robot has one token, and ``regenerate`` replaces it at once: so a second robot is made. It has no right until each is
given, and the list shows the tokens unless it is asked not to (Quay's ``endpoints/api/robot.py`` and
``endpoints/api/permission.py``).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from gitops_secrets.adapters.registries.api import Api, check_id, text
from gitops_secrets.adapters.registries.login import bearer
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.adapters.registries.providers import About
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.minted import Listed, Minted
from gitops_secrets.errors import GitOpsSecretsError, UsageError

NAME = "Quay"
ABOUT = About(
    mints="a robot of the organisation that `--endpoint https://HOST/ORGANISATION` names, which may read the repositories "
    "that the old one has a permission of its own for",
    least="an OAuth token with `org:admin` and `repo:admin`, as USER:TOKEN: it can do all in the organisation",
    expiry="none: robots of Quay have no end",
    tokens="1 hour, in Quay's code",
    pause="none: Quay only deletes robots",
    tried="a stand-in written from Quay's sources; never Quay itself",
)
_TOKEN_SECONDS = 60 * 60


class Quay:
    """The robots of one organisation."""

    name = NAME
    kind = "quay"

    def __init__(self, access: Access) -> None:
        self._organisation = access.path
        self._api = Api(access, NAME, bearer(access.credentials.password))
        self._robots = f"/api/v1/organization/{quote(access.path, safe='')}/robots"

    def list(self) -> list[Listed]:
        """Return the robots, each by the description that it was made with."""
        robots = self._api.objects(self._robots, "robots", {"token": "false"})
        names = ((str(robot.get("name")), text(robot, "description") or "") for robot in robots)
        return [Listed(name, described, name) for name, described in names]

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return a new robot that may read what the robot *ident* may read by a permission of its own."""
        del user
        repositories = self._readable(ident)
        short = re.sub(r"[^a-z0-9]+", "_", name)
        path = f"{self._robots}/{short}"
        reply = self._api.ask("PUT", path, body={"description": name})
        made, secret = text(reply.fields, "name"), text(reply.fields, "token")
        if reply.status != 201 or made is None or secret is None:
            raise self._api.refused("mint a robot", reply)
        for repository in repositories:
            where = quote(f"{self._organisation}/{repository}")
            granted = self._api.ask(
                "PUT",
                f"/api/v1/repository/{where}/permissions/user/{quote(made, safe='')}",
                body={"role": "read"},
            )
            if granted.status != 200:
                raise self._api.refused(f"let the new robot read {repository}", granted)
        return Minted(made, Credentials(made, secret), token_seconds=_TOKEN_SECONDS)

    def revoke(self, ident: str) -> None:
        """Delete the robot *ident*."""
        self._api.delete(f"{self._robots}/{self._short(ident)}", f"the robot {ident}", 204)

    def _readable(self, ident: str | None) -> tuple[str, ...]:
        """Return the repositories for which the robot *ident* has a permission. Raises GitOpsSecretsError without one."""
        if ident is None:
            raise UsageError(
                "a robot is minted with the permissions of the old one, whose id is not known",
                "--revoke ORGANISATION+ROBOT",
            )
        path = f"{self._robots}/{self._short(ident)}/permissions"
        found = tuple(
            name
            for permission in self._api.objects(path, "permissions")
            if isinstance(repository := permission.get("repository"), dict)
            and (name := text(repository, "name")) is not None
        )
        if not found:
            raise GitOpsSecretsError(
                f"the robot {ident} has no permission of its own for a repository, and a team's is not copied",
                f"give {ident} the permission to read its repositories in {NAME}",
            )
        return found

    def _short(self, ident: str) -> str:
        form = rf"{re.escape(self._organisation)}\+[a-z0-9._-]+"
        check_id(ident, form, f"a robot of {self._organisation}")
        return ident.partition("+")[2]


def open_minter(access: Access) -> Quay:
    """Return what mints by *access*. Raises UsageError if it names no organisation."""
    if not re.fullmatch(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", access.path):
        raise UsageError(
            "--provider quay needs the organisation whose robot it is",
            "--endpoint https://HOST/ORGANISATION",
        )
    return Quay(access)
