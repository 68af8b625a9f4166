"""One credential and one image: what the registry answers without the credential, and with it.

Each attempt has an exchange of its own. The credential goes to the registry's origin, and to a realm only if
core.registry.realm allows it; over a redirect it goes nowhere else.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import secrets
import time
from collections.abc import Mapping
from urllib.parse import urlencode, urljoin

from gitops_secrets.adapters.http import Client, Failure, NoAnswerError, Response
from gitops_secrets.adapters.registries import login
from gitops_secrets.core.registry.challenge import Challenge, find_challenge, parse_challenges
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.image import Image
from gitops_secrets.core.registry.limits import PASSING, Allowance, allowance_of, spoken, wait_of
from gitops_secrets.core.registry.realm import Trust, judge_realm, parse_origin
from gitops_secrets.core.registry.verdict import Answer, Attempt, Observed, Reason, wants_stranger
from gitops_secrets.core.veiled import hold

_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_PAUSES = (0.5, 1.0)
"""Seconds before an answer is asked for again, at least: nothing is asked for more than three times."""
_FAILURES = {
    Failure.TLS: Reason.TLS,
    Failure.PLAIN_HTTP: Reason.PLAIN_HTTP,
    Failure.UNREACHABLE: Reason.UNREACHABLE,
    Failure.TIMED_OUT: Reason.TIMED_OUT,
    Failure.TOO_LARGE: Reason.TOO_LARGE,
}


class StoppedError(Exception):
    """The registry could not be asked to the end. *words* hold nothing that was said after the credential went."""

    def __init__(self, reason: Reason, words: str = "") -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.words = words


class Prober:
    """Asks the registry at *endpoint*, a host[:port], for manifests."""

    def __init__(self, client: Client, endpoint: str, trust: Trust, patience: float) -> None:
        self._client = client
        self._deadline = time.monotonic() + patience
        self._origin = trust.origin_of(endpoint)
        self._trust = trust
        self._base = f"{self._origin.scheme}://{self._origin.netloc}/v2/"
        self.realm_is_private = False
        """Whether the realm is a private address other than the registry's: Flux's own library refuses that."""
        self.limited = ""
        """When the registry wants to be asked again, if that is too late for this run."""
        self.allowance: Allowance | None = None
        """The pulls that are left, as the last answer for a manifest says."""

    async def observe(self, image: Image, credentials: Credentials) -> Observed:
        """Return what is answered for *image*. Raises StoppedError if that cannot be learnt."""
        url = f"{self._base}{image.repository}/manifests/{image.reference}"
        scope = f"repository:{image.repository}:pull"
        first = await self._manifest(url, {})
        challenges, open_ping = first.challenges, None
        if first.status != 401 or not _usable(challenges):
            open_ping = await self._ping({})
            challenges = open_ping.challenges if open_ping.status == 401 else ()
        bearer = find_challenge(challenges, "bearer")
        anonymous = Attempt(first)
        if bearer is not None and first.status == 401:
            anonymous = await self._with_token(url, bearer, scope, None, first)
        if not _usable(challenges):
            return Observed(anonymous, None, open_ping)
        if bearer is not None:
            tried = await self._with_token(url, bearer, scope, credentials, first)
        else:
            tried = Attempt(await self._manifest(url, login.basic(credentials)))
        seen = Observed(anonymous, tried, open_ping)
        if tried.manifest.is_pull and not anonymous.manifest.is_pull:
            return seen
        return await self._told_apart(seen, bearer, scope, credentials)

    async def observe_password(self, credentials: Credentials) -> Observed:
        """Return what is answered to user name and password where no image is known; the errors are those of observe."""
        open_ping = await self._ping({})
        seen = Observed(Attempt(open_ping), None, open_ping)
        if open_ping.status != 401 or not _usable(open_ping.challenges):
            return seen
        bearer = find_challenge(open_ping.challenges, "bearer")
        realm, token = None, None
        if bearer is not None:
            realm, token = await self._token(bearer, "", credentials)
        ping = await self._ping(login.basic(credentials))
        tried = Attempt(ping, realm, has_token=token is not None)
        return seen._replace(credential=tried, ping=ping)

    async def _told_apart(
        self, seen: Observed, bearer: Challenge | None, scope: str, credentials: Credentials
    ) -> Observed:
        """Return *seen* with what may tell a wrong password from a missing right."""
        open_ping = seen.open_ping or await self._ping({})
        ping = await self._ping(login.basic(credentials))
        seen = seen._replace(open_ping=open_ping, ping=ping)
        if bearer is not None and wants_stranger(seen):
            nobody = Credentials(f"nobody-{secrets.token_hex(8)}", secrets.token_hex(16))
            answer, _ = await self._token(bearer, scope, nobody)
            seen = seen._replace(stranger=answer)
        return seen

    async def _with_token(
        self,
        url: str,
        bearer: Challenge,
        scope: str,
        credentials: Credentials | None,
        first: Answer,
    ) -> Attempt:
        realm, token = await self._token(bearer, scope, credentials)
        if token is None:
            return Attempt(first, realm, has_token=False)
        return Attempt(await self._manifest(url, login.bearer(token)), realm)

    async def _token(
        self, bearer: Challenge, scope: str, credentials: Credentials | None
    ) -> tuple[Answer, str | None]:
        """Return the realm's answer and its token."""
        realm = bearer.parameters.get("realm", "")
        problem = judge_realm(realm, self._origin, self._trust)
        origin = parse_origin(realm)
        if problem is not None or origin is None:
            raise StoppedError(Reason(problem or "realm-invalid"), origin.netloc if origin else "")
        self.realm_is_private |= origin != self._origin and origin.is_private_address
        asked = bearer.parameters.get("scope", "")
        # A registry may name the scope its own way, but nothing that pushes or deletes.
        scopes = asked.split() if asked and not _does_more(asked) else scope.split()
        query = [("scope", one) for one in scopes]
        if "service" in bearer.parameters:
            query.insert(0, ("service", bearer.parameters["service"]))
        url = f"{realm.partition('#')[0]}{'&' if '?' in realm else '?'}{urlencode(query)}"
        headers = login.basic(credentials) if credentials is not None else {}
        response = await self._ask("GET", url, headers)
        token = _token_in(response.body) if response.status == 200 else None
        if token is not None:
            hold(token)
        return _answer(response), token

    async def _manifest(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Return the answer for a manifest: HEAD, which limits do not count, and GET where that says too little."""
        wanted = {"Accept": ", ".join(_MANIFESTS), **headers}
        response = await self._ask("HEAD", url, wanted)
        if response.status in (400, 403, 404, 405):
            response = await self._ask("GET", url, wanted)
        self.allowance = allowance_of(response.headers)
        return _answer(response)

    async def _ping(self, headers: Mapping[str, str]) -> Answer:
        return _answer(await self._ask("GET", self._base, headers))

    async def _ask(self, method: str, url: str, headers: Mapping[str, str]) -> Response:
        origin = parse_origin(url)
        for _ in range(_MOST_REDIRECTS + 1):
            response = await self._ask_again(method, url, headers)
            if response.status not in _REDIRECTS:
                return response
            url = urljoin(url, response.headers.get("Location", ""))
            if parse_origin(url) != origin:
                break
        raise StoppedError(Reason.REDIRECTED)

    async def _ask_again(self, method: str, url: str, headers: Mapping[str, str]) -> Response:
        """Return the answer; one that may be another in a moment is asked for again while there is time."""
        for pause in _PAUSES:
            response = await self._ask_once(method, url, headers)
            if response.status not in PASSING:
                return response
            said = wait_of(response.headers, dt.datetime.now(dt.UTC))
            wait = pause if said is None else max(said, pause)
            if said is not None and response.status == 429:
                self.limited = spoken(said)
            if time.monotonic() + wait >= self._deadline:
                return response
            await asyncio.sleep(wait)
        return await self._ask_once(method, url, headers)

    async def _ask_once(self, method: str, url: str, headers: Mapping[str, str]) -> Response:
        try:
            return await self._client.ask(method, url, headers)
        except NoAnswerError as error:
            raise StoppedError(_FAILURES[error.failure], error.words) from None


def _usable(challenges: tuple[Challenge, ...]) -> bool:
    return any(challenge.scheme in ("bearer", "basic") for challenge in challenges)


def _does_more(scopes: str) -> bool:
    actions = (action for one in scopes.split() for action in one.rpartition(":")[2].split(","))
    return any(action in ("push", "delete") for action in actions) or ":*" in scopes


def _answer(response: Response) -> Answer:
    headers, errors = response.headers, _errors(response.body)
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Answer(
        response.status,
        parse_challenges(headers.get_list("WWW-Authenticate")),
        is_manifest=media_type in _MANIFESTS,
        is_registry=bool(errors) or "Docker-Distribution-Api-Version" in headers,
        is_expired=any("token has expired" in str(e.get("message")).lower() for e in errors),
    )


def _errors(body: bytes) -> list[dict[str, object]]:
    """Return the errors in *body* if they are in the form that registries use."""
    found = _parse(body).get("errors")
    return (
        [e for e in found if isinstance(e, dict) and "code" in e] if isinstance(found, list) else []
    )


def _token_in(body: bytes) -> str | None:
    answer = _parse(body)
    token = answer.get("token") or answer.get("access_token")
    is_one = isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token
    return token if is_one and isinstance(token, str) else None


def _parse(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
