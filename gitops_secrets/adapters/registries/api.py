"""JSON over HTTP, as the API of a registry speaks it: to one origin, with one credential, and nothing repeated."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from typing import Any, NamedTuple
from urllib.parse import urlencode

from gitops_secrets.adapters.http import NoAnswerError, open_client
from gitops_secrets.adapters.registries.minter import Access, NotAllowedError
from gitops_secrets.core.registry.limits import spoken, wait_of
from gitops_secrets.errors import GitOpsSecretsError

NUMBER = r"[0-9]+"
UUID = r"[A-Za-z0-9-]+"
"""The forms of the ids that most registries give; letters stand for more than those of a UUID."""
_PAGE = 50
_MOST_PAGES = 200


class Reply(NamedTuple):
    """A status, and the JSON that came with it: None if there was none."""

    status: int
    content: Any
    location: str | None = None
    """Where it says that its answer will be."""
    wait: float | None = None
    """The seconds until it wants to be asked again."""

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object that came with it; empty if none did."""
        return self.content if isinstance(self.content, dict) else {}


def text(fields: dict[str, Any], name: str) -> str | None:
    """Return the text that *fields* has by *name*, None if there is none or it is empty."""
    value = fields.get(name)
    return value if isinstance(value, str) and value else None


def check_id(ident: str, form: str, whose: str) -> None:
    """Raise GitOpsSecretsError if *ident*, which may go into a path, is not of the regular expression *form*.

    *whose* says what has such an id, as "a token of Gitea".
    """
    if not re.fullmatch(form, ident):
        raise GitOpsSecretsError(f"{ident} is not the id of {whose}", "--revoke ID")


def end_of(moment: object) -> str | None:
    """Return when a credential ends, in ISO 8601, of an answer's seconds since 1970 or of its text; None for never."""
    if isinstance(moment, int) and not isinstance(moment, bool):
        return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat() if moment > 0 else None
    try:
        found = dt.datetime.fromisoformat(moment) if isinstance(moment, str) else None
    except ValueError:
        return None
    # The first year is how Go writes that there is none.
    return found.isoformat() if found is not None and found.year > 1 else None


class Api:
    """Asks the API of *access* with the headers *login*; *name* is what errors call it."""

    def __init__(self, access: Access, name: str, login: dict[str, str]) -> None:
        self._access = access
        self._name = name
        self._login = login

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str | int] | None = None,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Return the answer, whatever its status. Raises GitOpsSecretsError if there is none."""
        asked = f"?{urlencode(query)}" if query else ""
        origin = self._access.origin
        url = f"{origin.scheme}://{origin.netloc}{path}{asked}"
        return asyncio.run(self._ask(method, url, body, headers or {}))

    async def _ask(self, method: str, url: str, body: object, own: dict[str, str]) -> Reply:
        headers = {**own, **self._login, "Accept": "application/json"}
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
                "--endpoint URL",
            ) from None
        try:
            found = json.loads(answer.body) if answer.body else None
        except (ValueError, RecursionError):
            found = None
        wait = wait_of(answer.headers, dt.datetime.now(dt.UTC))
        return Reply(answer.status, found, answer.headers.get("Location"), wait)

    def pages(self, path: str, query: dict[str, str | int], size: str) -> list[dict[str, Any]]:
        """Return the objects of a list that comes in pages, asked for by ``page`` and *size*."""
        found: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES):
            reply = self.ask("GET", path, query={**query, "page": page, size: _PAGE})
            if reply.status != 200 or not isinstance(reply.content, list):
                raise self.refused("list its credentials", reply)
            found += [entry for entry in reply.content if isinstance(entry, dict)]
            if len(reply.content) < _PAGE:
                break
        return found

    def objects(
        self, path: str, name: str | None = None, query: dict[str, str | int] | None = None
    ) -> list[dict[str, Any]]:
        """Return the objects of a list that comes whole: as it is, or in an object by *name*."""
        reply = self.ask("GET", path, query=query)
        found = reply.fields.get(name) if name is not None else reply.content
        if reply.status != 200 or not isinstance(found, list):
            raise self.refused("list its credentials", reply)
        return [entry for entry in found if isinstance(entry, dict)]

    def delete(
        self, path: str, ident: str, *done: int, query: dict[str, str | int] | None = None
    ) -> None:
        """Delete *path*; an answer of the statuses *done* is good, and so is that it is gone."""
        reply = self.ask("DELETE", path, query=query)
        if reply.status not in (*done, 404):
            raise self.refused(f"revoke {ident}", reply)

    def refused(self, what: str, reply: Reply) -> GitOpsSecretsError:
        """Return the error for an answer to *what* that cannot be used. Its body is not repeated: it may hold a secret."""
        why = {
            401: "it refuses the credential that mints",
            403: "the credential that mints has no right to it",
            404: "it has no such place",
            429: "it was asked too often"
            + (f", {spoken(reply.wait)}" if reply.wait is not None else ""),
        }.get(reply.status, f"it answered with status {reply.status}")
        kind = NotAllowedError if reply.status == 403 else GitOpsSecretsError
        return kind(
            f"{self._name} at {self._access.origin.netloc} did not {what}: {why}",
            "docs/rotation.md says which credential may mint",
        )
