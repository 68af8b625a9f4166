"""A small client of the API server, for looking at objects often and cheaply."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

Object = dict[str, Any]

_AGGREGATED: Final = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
)


class ApiError(Exception):
    """The API server answered with an error *status*."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


@dataclass(frozen=True)
class _Resource:
    prefix: str
    plural: str
    namespaced: bool


class Api:
    """Requests to the API server at *url* as the owner of *token*; usable from several threads."""

    def __init__(self, url: str, ca: Path, token: str) -> None:
        self._host = urlsplit(url).netloc
        self._token = token
        self._context = ssl.create_default_context(cafile=str(ca))
        self._resources: dict[str, _Resource] = {}

    def request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """The decoded answer; raises ApiError, or OSError where nobody answers."""
        connection = http.client.HTTPSConnection(self._host, timeout=30, context=self._context)
        headers = {"Authorization": f"Bearer {self._token}", "Accept": accept}
        data = None
        if body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = content_type
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise ApiError(response.status, _message(text))
        return json.loads(text) if text.startswith("{") else text

    def path(self, kind: str, name: str = "", namespace: str | None = None) -> str:
        """The path of an object, or of all of that *kind*, as kubectl would spell the kind."""
        resource = self._resource(kind)
        scope = f"/namespaces/{namespace}" if namespace and resource.namespaced else ""
        return f"{resource.prefix}{scope}/{resource.plural}" + (f"/{name}" if name else "")

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object:
        """The object; raises ApiError with status 404 where there is none."""
        got: Object = self.request("GET", self.path(kind, name, namespace))
        return got

    def list(self, kind: str, namespace: str | None = None) -> list[Object]:
        """All objects of *kind*, in one namespace or in all."""
        items: list[Object] = self.request("GET", self.path(kind, "", namespace))["items"]
        return items

    def patch(
        self, kind: str, name: str, namespace: str | None, change: Object, *, status: bool = False
    ) -> Object:
        """Merge *change* into the object, or into its status, and return the object."""
        path = self.path(kind, name, namespace) + ("/status" if status else "")
        patched: Object = self.request(
            "PATCH", path, change, content_type="application/merge-patch+json"
        )
        return patched

    def _resource(self, kind: str) -> _Resource:
        wanted = kind.lower()
        if wanted not in self._resources:
            self._discover()
        if wanted not in self._resources:
            raise ApiError(404, f"the API server has no kind {kind}")
        return self._resources[wanted]

    def _discover(self) -> None:
        found: dict[str, _Resource] = {}
        for root in ("/api", "/apis"):
            for group in self.request("GET", root, accept=_AGGREGATED)["items"]:
                # The first version is the one that the server prefers.
                name = group["metadata"].get("name", "")
                for version in group["versions"][:1]:
                    prefix = "/".join(part for part in (root, name, version["version"]) if part)
                    for told in version["resources"]:
                        resource = _Resource(
                            prefix, told["resource"], told["scope"] == "Namespaced"
                        )
                        for word in _words(told):
                            found.setdefault(word, resource)
        self._resources = found


def _words(told: Object) -> set[str]:
    kind = told["responseKind"].get("kind", "")
    words = {kind, told["resource"], told.get("singularResource", ""), *told.get("shortNames", ())}
    return {word.lower() for word in words if word}


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()
