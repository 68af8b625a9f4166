"""JSON over HTTP, as the API of a registry speaks it: to one origin, with one credential, and nothing repeated."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

from gitops_secrets.adapters.http import NoAnswerError, open_client
from gitops_secrets.adapters.registries.minter import Access
from gitops_secrets.errors import GitOpsSecretsError


class Reply(NamedTuple):
    """A status, and the JSON that came with it: None if there was none."""

    status: int
    content: Any


class Api:
    """Asks the API of *access*; *name* is what errors call it."""

    def __init__(self, access: Access, name: str, authorization: str) -> None:
        self._access = access
        self._name = name
        self._authorization = authorization

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str | int] | None = None,
        body: object = None,
    ) -> Reply:
        """Return the answer, whatever its status. Raises GitOpsSecretsError if there is none."""
        asked = f"?{urlencode(query)}" if query else ""
        origin = self._access.origin
        url = f"{origin.scheme}://{origin.netloc}{path}{asked}"
        return asyncio.run(self._ask(method, url, body))

    async def _ask(self, method: str, url: str, body: object) -> Reply:
        headers = {"Authorization": self._authorization, "Accept": "application/json"}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        means = self._access.means
        try:
            async with open_client(means.ca_file, means.patience) as client:
                answer = await client.ask(method, url, headers, content)
        except NoAnswerError as error:
            words = f": {error.words}" if error.words else ""
            raise GitOpsSecretsError(
                f"{self._name} at {self._access.origin.netloc} did not answer ({error.failure}){words}",
                "--endpoint URL, if its API is at another address",
            ) from None
        try:
            found = json.loads(answer.body) if answer.body else None
        except (ValueError, RecursionError):
            found = None
        return Reply(answer.status, found)

    def refused(self, what: str, reply: Reply) -> GitOpsSecretsError:
        """Return the error for an answer to *what* that cannot be used. Its body is not repeated: it may hold a secret."""
        why = {
            401: "it refuses the credential that mints",
            403: "the credential that mints has no right to it",
            404: "it has no such place",
            429: "it was asked too often",
        }.get(reply.status, f"it answered with status {reply.status}")
        return GitOpsSecretsError(
            f"{self._name} at {self._access.origin.netloc} did not {what}: {why}",
            "docs/rotation.md says which credential may mint",
        )
