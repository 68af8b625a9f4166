"""registry check and a registry that limits requests: a stand-in, since a real one here has no limits."""

from __future__ import annotations

import time

import pytest

from tests.hostile.test_registries import API, BASIC, check
from tests.support.fleet import fleet
from tests.support.secrets import mixed
from tests.support.user import User
from tests.support.webserver import Reply, Request, WebServer

__all__ = ["fleet"]

IMAGE = ("Content-Type", "application/vnd.oci.image.manifest.v1+json")


class Limited:
    """Gives the image to who brings a credential, but says *status* to the first *times* such requests."""

    def __init__(self, status: int, times: int, *headers: tuple[str, str]) -> None:
        self._refusal = Reply(status, [API, *headers])
        self._left = times
        self.methods: list[str] = []
        """Of the requests with a credential."""

    def answer(self, request: Request) -> Reply:
        if not request.authorization:
            return Reply(401, [API, BASIC])
        self.methods.append(request.method)
        self._left -= 1
        return self._refusal if self._left >= 0 else Reply(200, [API, IMAGE])


@pytest.mark.parametrize(
    "limited",
    [Limited(429, 1, ("Retry-After", "1")), Limited(503, 2), Limited(502, 1)],
    ids=["limit", "down twice", "bad gateway"],
)
def test_what_passes_in_a_moment_is_asked_for_again(fleet: User, limited: Limited) -> None:
    with WebServer(limited.answer) as server:
        result, found = check(fleet, server, mixed())
    assert (result.status, found["verdict"]) == (0, "proven"), result.printed
    assert set(limited.methods) == {"HEAD"}, "GET would count at Docker Hub"


def test_it_waits_no_shorter_than_the_registry_says(fleet: User) -> None:
    limited = Limited(429, 1, ("Retry-After", "2"))
    times: list[float] = []

    def answer(request: Request) -> Reply:
        times.extend([time.monotonic()] if request.authorization else [])
        return limited.answer(request)

    with WebServer(answer) as server:
        check(fleet, server, mixed())
    assert times[1] - times[0] >= 2


def test_a_wait_that_is_too_long_is_said_and_not_waited_for(fleet: User) -> None:
    limited = Limited(429, 1000, ("Retry-After", "3600"))
    with WebServer(limited.answer) as server:
        result, found = check(fleet, server, mixed())
    assert (result.status, found["reason"]) == (3, "rate-limited"), result.printed
    assert "how often it is asked (again in 3600 seconds)" in found["message"]


def test_nothing_is_asked_for_without_end(fleet: User) -> None:
    limited = Limited(429, 1000)
    with WebServer(limited.answer) as server:
        result, found = check(fleet, server, mixed())
    assert (result.status, found["reason"]) == (3, "rate-limited"), result.printed
    # The manifest, and /v2/ with the password.
    assert len(limited.methods) == 6
