"""Registries that try to get the credential to somebody else, or to keep the check for ever."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.test_doctor_images import runs
from tests.support.documents import read
from tests.support.fleet import fleet
from tests.support.leaks import Watch
from tests.support.secrets import mixed
from tests.support.spellings import Needles
from tests.support.user import Result, User
from tests.support.webserver import Reply, Request, WebServer

__all__ = ["fleet"]

API = ("Docker-Distribution-Api-Version", "registry/2.0")
BASIC = ("WWW-Authenticate", 'Basic realm="r"')


def bearer(realm: str) -> tuple[str, str]:
    return ("WWW-Authenticate", f'Bearer realm="{realm}",service="r"')


@pytest.fixture
def thief() -> Iterator[WebServer]:
    """Another origin, which takes whatever it is sent."""
    token = json.dumps({"token": "stolen"}).encode()
    with WebServer(lambda _: Reply(200, [API], token)) as server:
        yield server


def check(user: User, server: WebServer, secret: str, *flags: str) -> tuple[Result, dict[str, Any]]:
    """Check the one registry that is *server*, by an image that the user names."""
    held = user.run(
        *("registry", "add", "--registry", server.host, "--registry-creds-env", "CREDS"),
        *("--check", "never"),
        env={"CREDS": f"robot:{secret}"},
    )
    assert held.status == 0, held.printed
    result = user.run(
        *("registry", "check", f"{server.host}/team/app:1", "--plain-http", server.host),
        *("--timeout", "120", "--output", "json", *flags),
    )
    assert result.stdout, result.stderr
    (found,) = read("registry-check", result.stdout)["credentials"]
    return result, found


@pytest.mark.parametrize(
    "realm",
    [
        "http://{thief}/token",
        "http://{own}@{thief}/token",
        "http://{thief}\\@{own}/token",
        "http://{thief}#@{own}/token",
        "https://{thief}/token",
        "//{thief}/token",
    ],
)
def test_a_realm_elsewhere_is_not_even_contacted(fleet: User, thief: WebServer, realm: str) -> None:
    secret = mixed()

    def answer(request: Request) -> Reply:
        named = realm.format(thief=thief.host, own=request.headers["Host"])
        return Reply(401, [API, bearer(named)])

    with WebServer(answer) as server, Watch(fleet, secret) as watch:
        result, found = check(fleet, server, secret)
    assert (result.status, found["verdict"]) == (3, "unproven")
    assert found["reason"].startswith("realm-")
    assert thief.received == []
    assert not Needles(secret).are_in(b"".join(server.received))
    assert watch.leaks(result) == []


@pytest.mark.parametrize("where", ["manifest", "token", "ping"])
def test_a_redirect_takes_the_credential_nowhere(fleet: User, thief: WebServer, where: str) -> None:
    secret = mixed()
    away = Reply(307, [API, ("Location", f"http://{thief.host}/v2/team/app/manifests/1")])

    def answer(request: Request) -> Reply:
        has_password = bool(request.authorization)
        if request.path.startswith("/token"):
            return away if where == "token" else Reply(200, body=b'{"token": "powerless"}')
        if has_password and where == "manifest":
            return away
        if request.path == "/v2/" and has_password and where == "ping":
            return away
        return Reply(401, [API, bearer(f"http://{request.headers['Host']}/token")])

    with WebServer(answer) as server, Watch(fleet, secret) as watch:
        result, found = check(fleet, server, secret)
    assert (result.status, found["reason"]) == (3, "redirected")
    assert thief.received == []
    assert watch.leaks(result) == []


def endless() -> Iterator[bytes]:
    return itertools.repeat(b"x" * 65536)


def dripping() -> Iterator[bytes]:
    for _ in range(600):
        time.sleep(0.1)
        yield b" "


@pytest.mark.parametrize(
    ("body", "patience", "reason"), [(endless, "120", "too-large"), (dripping, "1", "timed-out")]
)
@pytest.mark.parametrize("where", ["manifest", "token"])
def test_an_answer_without_an_end_is_given_up(
    fleet: User, body: Any, patience: str, reason: str, where: str
) -> None:
    secret = mixed()

    def answer(request: Request) -> Reply:
        if request.path.startswith("/token"):
            return Reply(200, body=body() if where == "token" else b'{"token": "t"}')
        if where == "manifest":
            return Reply(404, [API], body())
        return Reply(401, [API, bearer(f"http://{request.headers['Host']}/token")])

    with WebServer(answer) as server:
        result, found = check(fleet, server, secret, "--timeout", patience)
    assert (result.status, found["reason"]) == (3, reason)


def test_what_a_server_repeats_of_a_password_is_not_printed(fleet: User) -> None:
    """It has the password, for it is the registry: nobody else who sees the output has."""
    secret, seen = mixed(), []

    def answer(request: Request) -> Reply:
        if not request.authorization:
            return Reply(401, [API, BASIC])
        seen.append(request.authorization)
        errors = {"errors": [{"code": secret, "message": f"token has expired {secret}"}]}
        realm = f'Bearer realm="https://{secret}/",error="{secret}"'
        return Reply(403, [API, ("WWW-Authenticate", realm)], json.dumps(errors).encode())

    with WebServer(answer) as server, Watch(fleet, secret) as watch:
        result, found = check(fleet, server, secret)
        said = fleet.run("registry", "check", "--plain-http", server.host, "-v")
    assert found["reason"] == "expired"
    assert seen
    assert watch.leaks(result, said) == []


def test_a_cookie_does_not_carry_one_attempt_into_the_other(fleet: User) -> None:
    def answer(request: Request) -> Reply:
        return Reply(401, [API, BASIC, ("Set-Cookie", "sid=abc; Path=/")])

    with WebServer(answer) as server:
        check(fleet, server, mixed())
    assert len(server.requests) > 2
    assert not any("Cookie" in request.headers for request in server.requests)


@pytest.mark.parametrize("status", [200, 404])
def test_a_web_server_that_is_no_registry_gets_no_password(fleet: User, status: int) -> None:
    secret = mixed()
    page = [("Content-Type", "text/html")]
    with WebServer(lambda _: Reply(status, page, b"<html>")) as server:
        result, found = check(fleet, server, secret)
    assert (result.status, found["reason"]) == (3, "not-a-registry")
    assert not any(request.authorization for request in server.requests)


def test_an_image_in_git_does_not_choose_the_host(fleet: User, thief: WebServer) -> None:
    """A key with a glob covers hosts that whoever writes a manifest could name."""
    secret = mixed()
    port = thief.host.partition(":")[2]
    added = fleet.run(
        *("registry", "add", "--registry", f"*.0.0.1:{port}", "--registry-creds-env", "CREDS"),
        *("--check", "never"),
        env={"CREDS": f"robot:{secret}"},
    )
    assert added.status == 0, added.printed
    fleet.write({"apps/app.yaml": runs(f"{thief.host}/team/app:1", secret="")})
    flags = ("--registry", f"*.0.0.1:{port}", "--plain-http", thief.host)
    result = fleet.run("registry", "check", *flags, "--output", "json")
    (found,) = read("registry-check", result.stdout)["credentials"]
    assert (found["reason"], thief.received) == ("no-image", [])
    named = fleet.run("registry", "check", f"{thief.host}/team/app:1", *flags)
    assert named.status in (1, 3)
    assert thief.received != []


def test_settings_in_a_work_tree_name_no_realm(fleet: User, thief: WebServer) -> None:
    secret = mixed()
    fleet.write({"config/gitops-secrets/config.yaml": f"registry-realms: ['{thief.host}']\n"})
    fleet.env["XDG_CONFIG_HOME"] = str(fleet.repository / "config")
    result = fleet.run("registry", "check", "--realm", "r.example.com")
    assert (result.status, "lie in the Git work tree" in result.stderr) == (3, True)
    assert thief.received == []
    assert secret not in result.printed
