"""HTTP for one command: over TLS unless the caller asks otherwise, bounded, and without any memory.

No redirect is followed, no cookie kept, no body unpacked, and nothing that a server said becomes part of an
error. Proxies and the certificates that the machine trusts are those of the environment.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import NamedTuple

# If rich and pygments are installed, httpx imports its own command line with them, which takes longer than the rest of it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx  # noqa: E402

from gitops_secrets import __version__  # noqa: E402
from gitops_secrets.errors import GitOpsSecretsError  # noqa: E402

_LARGEST = 1024 * 1024
"""Bytes that are read of one answer."""
_CONNECTIONS = 64


class Failure(StrEnum):
    """Why there is no answer."""

    TLS = "tls"
    PLAIN_HTTP = "plain-http"
    """The other side does not speak TLS."""
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed-out"
    TOO_LARGE = "too-large"


class NoAnswerError(Exception):
    """There is no answer. *words* are of this machine: what its TLS or its system says."""

    def __init__(self, failure: Failure, words: str = "") -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.words = words


class Response(NamedTuple):
    """One answer."""

    status: int
    headers: httpx.Headers
    body: bytes


class Client:
    """Asks servers."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Response:
        """Return the answer to a request with the body *content*. Raises NoAnswerError if there is none, or it is longer than a mebibyte."""
        failure, words = Failure.UNREACHABLE, ""
        try:
            async with self._client.stream(
                method, url, headers=dict(headers), content=content
            ) as response:
                body = bytearray()
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > _LARGEST:
                        raise NoAnswerError(Failure.TOO_LARGE)
                return Response(response.status_code, response.headers, bytes(body))
        except httpx.TimeoutException:
            failure = Failure.TIMED_OUT
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure, words = _explain(error)
        # Outside of the handler: no cause that could quote a header.
        raise NoAnswerError(failure, words)


@asynccontextmanager
async def open_client(ca_file: Path | None, patience: float) -> AsyncIterator[Client]:
    """Yield a client that trusts the machine's certificates and those of *ca_file*.

    *patience* is in seconds, for each wait. Raises GitOpsSecretsError if *ca_file* holds no certificate.
    """
    async with httpx.AsyncClient(
        verify=_tls(ca_file),
        timeout=patience,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        limits=httpx.Limits(max_connections=_CONNECTIONS),
        headers={"User-Agent": f"gitops-secrets/{__version__}", "Accept-Encoding": "identity"},
    ) as client:
        yield Client(client)


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    # SSLKEYLOGFILE would put into a file what opens the connection to others.
    context.keylog_filename = None  # type: ignore[assignment]
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError:
            raise GitOpsSecretsError(
                f"{ca_file} holds no certificate in PEM form", "--ca-file CA.pem"
            ) from None
    return context


def _explain(error: BaseException) -> tuple[Failure, str]:
    """Return why there is no answer, from the first cause that this machine can name."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Failure.TLS, cause.verify_message
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or "").lower().replace("_", " ")
            is_plain = reason in ("wrong version number", "record layer failure", "http request")
            return (Failure.PLAIN_HTTP if is_plain else Failure.TLS), reason
    named = (c.strerror for c in _causes(error) if isinstance(c, OSError) and c.strerror)
    return Failure.UNREACHABLE, next(named, "")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
