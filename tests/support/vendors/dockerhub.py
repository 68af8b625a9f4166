"""Docker Hub's access tokens. A stand-in, written from Docker's description of the API (``reference/api/hub/latest.yaml``)."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.providers import answer
from tests.support.secrets import mixed
from tests.support.webserver import Reply, Request


class DockerHub:
    """The tokens of one user. A list comes in pages, and has no secret in it."""

    def __init__(self, user: str, password: str) -> None:
        self._login = {"identifier": user, "secret": password}
        self._bearer = mixed()
        self.tokens: dict[str, dict[str, Any]] = {}
        self.is_busy = False
        """Whether it says that it was asked too often: with a moment, and not with seconds."""

    def answer(self, request: Request) -> Reply:
        if self.is_busy:
            later = ("X-Retry-After", str(int(time.time()) + 90))
            return Reply(429, [later], b'{"message": "too many requests"}')
        url = urlsplit(request.path)
        if (request.method, url.path) == ("POST", "/v2/auth/token"):
            if json.loads(request.body) != self._login:
                return answer(401, {"detail": "Incorrect authentication credentials"})
            return answer(200, {"access_token": self._bearer})
        if request.authorization != f"Bearer {self._bearer}":
            return answer(401, {"detail": "Unauthorized"})
        if url.path == "/v2/access-tokens":
            return self._post(json.loads(request.body)) if request.body else self._list(url.query)
        return self._one(request, url.path.rpartition("/")[2])

    def _list(self, query: str) -> Reply:
        asked = parse_qs(query)
        page, size = (int(asked.get(key, ["1"])[0]) for key in ("page", "page_size"))
        found = [{**one, "token": ""} for one in self.tokens.values()]
        more = f"?page={page + 1}" if len(found) > page * size else None
        part = found[(page - 1) * size : page * size]
        return answer(200, {"count": len(found), "next": more, "results": part})

    def _post(self, body: dict[str, Any]) -> Reply:
        if not 1 <= len(body["token_label"]) <= 100 or not body["scopes"]:
            return answer(400, {"detail": "Bad Request"})
        ident = str(uuid.uuid4())
        made = {**body, "uuid": ident, "is_active": True, "token": f"dckr_pat_{mixed(27)}"}
        self.tokens[ident] = made
        return answer(201, made)

    def _one(self, request: Request, ident: str) -> Reply:
        if ident not in self.tokens:
            return answer(404, {"detail": "Not Found"})
        if request.method == "DELETE":
            del self.tokens[ident]
            return answer(204)
        self.tokens[ident] |= json.loads(request.body)
        return answer(200, {**self.tokens[ident], "token": ""})
