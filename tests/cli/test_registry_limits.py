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

Headers = tuple[tuple[str, str], ...]
IMAGE = ("Content-Type", "application/vnd.oci.image.manifest.v1+json")


class Limited:
    """Gives the image to who brings a credential, but says *status* to the first *times* such requests.

    *headers* are those of the refusal, *counts* those of every answer for an image.
    """

    def __init__(
        self, status: int, times: int, *headers: tuple[str, str], counts: Headers = ()
    ) -> None:
        self._refusal = Reply(status, [API, *headers, *counts])
        self._image = Reply(200, [API, IMAGE, *counts])
        self._left = times
        self.methods: list[str] = []
        """Of the requests with a credential."""

    def answer(self, request: Request) -> Reply:
        if not request.authorization:
            return Reply(401, [API, BASIC])
        self.methods.append(request.method)
        self._left -= 1
        return self._refusal if self._left >= 0 else self._image


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


def counted(limit: str, remaining: str, *source: str) -> Headers:
    """The headers with which Docker Hub says how many pulls are left."""
    named = tuple(("docker-ratelimit-source", one) for one in source)
    return (("ratelimit-limit", limit), ("ratelimit-remaining", remaining), *named)


ADDRESS, ACCOUNT = "2001:db8::7", "0f6c1c3e-7a52-4d0e-9f0b-6d8f1c2a3b4c"


@pytest.mark.parametrize(
    ("counts", "said", "whose"),
    [
        (
            counted("200;w=21600", "76;w=21600", ACCOUNT),
            "76 of 200 pulls in 6 hours are left, counted for this account",
            "account",
        ),
        (
            counted("100;w=90", "0;w=90", ADDRESS),
            "0 of 100 pulls in 90 seconds are left, counted for this address",
            "address",
        ),
        (counted("1;w=3600", "1;w=3600"), "1 of 1 pull in 1 hour are left", None),
    ],
    ids=["account", "address", "nobody named"],
)
def test_the_pulls_that_are_left_are_said(
    fleet: User, counts: Headers, said: str, whose: str | None
) -> None:
    limited = Limited(429, 0, counts=counts)
    with WebServer(limited.answer) as server:
        result, found = check(fleet, server, mixed())
        image = f"{server.host}/team/app:1"
        text = fleet.run("registry", "check", image, "--plain-http", server.host).stdout
    assert (result.status, found["pulls"]["counted_for"]) == (0, whose)
    assert f"    note: {said}\n" in text
    assert ADDRESS not in text
    assert ACCOUNT not in text
    assert set(limited.methods) == {"HEAD"}


def test_a_limit_that_is_reached_says_what_is_left_and_when(fleet: User) -> None:
    counts = counted("100;w=21600", "0;w=21600", ADDRESS)
    limited = Limited(429, 1000, ("Retry-After", "3600"), counts=counts)
    with WebServer(limited.answer) as server:
        result, found = check(fleet, server, mixed())
    assert (result.status, found["reason"], found["pulls"]["remaining"]) == (3, "rate-limited", 0)
    assert "again in 3600 seconds" in found["message"]


@pytest.mark.parametrize(
    "counts",
    [
        counted("60", "59"),
        counted("100;w=21600", "101;w=21600"),
        counted("100;w=21600", "76;w=60"),
        counted("100;w=0", "76;w=0"),
        counted("-1;w=21600", "-2;w=21600"),
        counted("9" * 5000 + ";w=1", "1;w=1"),
        counted("\xb2;w=1", "\xb2;w=1"),
        counted("100;w=21600, 200;w=86400", "1;w=21600"),
        counted("\x1b[31m100;w=21600", "\x1b[0m76;w=21600", "\x1b]0;x\x07"),
        (("ratelimit-limit", "100;w=21600"),),
    ],
    ids=["no window", "more than all", "two windows", "no time", "negative", "huge", "digits", "list", "escapes", "half"],
)  # fmt: skip
def test_what_is_not_said_as_docker_hub_says_it_is_not_repeated(
    fleet: User, counts: Headers
) -> None:
    limited = Limited(429, 0, counts=counts)
    with WebServer(limited.answer) as server:
        result, found = check(fleet, server, mixed())
    assert (result.status, found["verdict"], found["pulls"]) == (0, "proven", None), result.printed
    assert "\x1b" not in result.printed


@pytest.mark.parametrize(
    "value", ["soon", "-5", "Mon, 1 Jan " + "9" * 30 + " 00:00:00 GMT", "\xb2", "1e9", ""]
)
def test_a_retry_after_that_is_no_time_is_as_good_as_none(fleet: User, value: str) -> None:
    limited = Limited(429, 1, ("Retry-After", value))
    with WebServer(limited.answer) as server:
        result, found = check(fleet, server, mixed())
    assert (result.status, found["verdict"]) == (0, "proven"), result.printed
