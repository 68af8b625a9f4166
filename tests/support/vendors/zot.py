"""zot's API keys. A stand-in for tests without Go, written from answers of zot; tests/e2e/test_zot.py asks zot itself."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.providers import answer, basic_of
from tests.support.secrets import mixed
from tests.support.webserver import Reply, Request


class Zot:
    """The keys of one user. A deletion says the same of an id that is not there, and a key without an end ends in the year 1."""

    def __init__(self, user: str, password: str) -> None:
        self._login = (user, password)
        self.keys: dict[str, dict[str, Any]] = {}

    def answer(self, request: Request) -> Reply:
        if basic_of(request) != self._login:
            return answer(401, {"errors": [{"code": "UNAUTHORIZED"}]})
        url = urlsplit(request.path)
        if url.path != "/zot/auth/apikey":
            return answer(404)
        if request.method == "DELETE":
            self.keys.pop(parse_qs(url.query)["id"][0], None)
            return answer(200)
        if request.method == "GET":
            return answer(200, {"apiKeys": list(self.keys.values())})
        body = json.loads(request.body)
        ident = str(uuid.uuid4())
        key = {
            "uuid": ident,
            "label": body["label"],
            "scopes": body["scopes"],
            "expirationDate": "0001-01-01T00:00:00Z",
        }
        self.keys[ident] = key
        return answer(201, {**key, "apiKey": f"zak_{mixed(32)}"})
