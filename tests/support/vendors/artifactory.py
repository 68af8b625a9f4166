"""Artifactory's access tokens. A stand-in, written from JFrog's REST pages for access tokens and their thresholds."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.support.providers import answer
from tests.support.secrets import mixed
from tests.support.webserver import Reply, Request

_PATH = "/access/api/v1/tokens"
_LISTED = 3 * 3600
_REVOCABLE = 6 * 3600


class Artifactory:
    """The tokens of a platform. One with a short life is not listed; a shorter one than six hours not revoked, unless forced."""

    def __init__(self, admin: str) -> None:
        self._admin = admin
        self.tokens: dict[str, dict[str, Any]] = {}
        self.longest = 0
        """The longest life in seconds, if the administrator set one."""
        self.has_references = True

    def answer(self, request: Request) -> Reply:
        if request.authorization != f"Bearer {self._admin}":
            return answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "Invalid token"}]})
        if request.method == "POST":
            return self._post(json.loads(request.body))
        if request.method == "GET":
            shown = ("token_id", "subject", "description", "expiry", "refreshable")
            listed = [t for t in self.tokens.values() if not 0 < t["expires_in"] < _LISTED]
            return answer(200, {"tokens": [{k: t.get(k) for k in shown} for t in listed]})
        ident = request.path.removeprefix(f"{_PATH}/")
        if ident not in self.tokens:
            return answer(404, {"errors": [{"code": "NOT_FOUND", "message": "Token not found"}]})
        token = self.tokens[ident]
        if 0 < token["expires_in"] < _REVOCABLE and not token["force_revocable"]:
            return answer(400, {"errors": [{"code": "BAD_REQUEST", "message": "Not revocable"}]})
        del self.tokens[ident]
        return answer(200)

    def _post(self, body: dict[str, Any]) -> Reply:
        ident = str(uuid.uuid4())
        life = body.get("expires_in", 3600)
        if self.longest:
            life = min(life or self.longest, self.longest)
        made = {
            "token_id": ident,
            "access_token": "".join(mixed(30) for _ in range(10)),
            "expires_in": life,
            **_said(body),
        }
        if self.has_references and body.get("include_reference_token"):
            made["reference_token"] = mixed(32) + mixed(32)
        self.tokens[ident] = {
            **made,
            "force_revocable": body.get("force_revocable", False),
            "description": body.get("description"),
            "subject": f"jfac@01/users/{body['username']}",
        }
        return answer(200, made)


def _said(body: dict[str, Any]) -> dict[str, Any]:
    return {"scope": body["scope"], "token_type": "Bearer", "username": body["username"]}
