"""registry check against a real registry: what its answers prove, and what they do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.test_doctor_images import runs
from tests.support.documents import read
from tests.support.fleet import FILES, fleet
from tests.support.leaks import Watch
from tests.support.secrets import mixed
from tests.support.user import Result, User
from tests.support.webserver import WebServer
from tests.system.registries import (
    Authority,
    Registry,
    Rights,
    Tokens,
    basic,
    push,
    serving,
    token_for,
    write_htpasswd,
)

__all__ = ["fleet"]


def hold(user: User, host: str, credentials: str) -> None:
    """Have the pull Secret hold *credentials* for *host*."""
    verb = "update" if host in user.credentials() else "add"
    flags = ("--registry", host, "--registry-creds-env", "CREDS", "--check", "never")
    result = user.run("registry", verb, *flags, env={"CREDS": credentials})
    assert result.status == 0, result.printed


def check(user: User, host: str, *words: str) -> tuple[Result, dict[str, Any]]:
    """Check the one registry; return how it ended, and what is said of it."""
    flags = ("--registry", host, "--output", "json")
    result = user.run("registry", "check", *words, *flags)
    assert result.stdout, result.stderr
    (found,) = read("registry-check", result.stdout)["credentials"]
    return result, found


class Htpasswd(NamedTuple):
    registry: Registry
    folder: Path
    password: str


@pytest.fixture
def protected(tmp_path: Path) -> Iterator[Htpasswd]:
    """A registry over TLS whose one user has a password with a colon."""
    password = f"{mixed()}:{mixed()}"
    authority = Authority(tmp_path)
    folder = tmp_path / "registry"
    with serving(folder, htpasswd={"robot": password}, authority=authority) as registry:
        push(registry, "team/app", "1", basic("robot", password))
        yield Htpasswd(registry, folder, password)


def test_a_credential_that_pulls_what_is_private_is_proven(
    fleet: User, protected: Htpasswd
) -> None:
    host, ca = protected.registry.host, ("--ca-file", str(protected.registry.ca))
    hold(fleet, host, f"robot:{protected.password}")
    result, found = check(fleet, host, f"{host}/team/app:1", *ca)
    assert (found["verdict"], found["reason"], found["user"]) == ("proven", "pulled", "robot")
    assert found["image"] == f"{host}/team/app:1"
    assert (result.status, found["hint"]) == (0, None)


def test_the_image_is_taken_from_the_manifests(fleet: User, protected: Htpasswd) -> None:
    host, ca = protected.registry.host, ("--ca-file", str(protected.registry.ca))
    hold(fleet, host, f"robot:{protected.password}")
    result, found = check(fleet, host, *ca)
    assert (result.status, found["reason"], found["password"]) == (3, "no-image", "accepted")
    fleet.write({"apps/app.yaml": runs(f"{host}/team/gone:1", f"{host}/team/app:1", secret="")})
    result, found = check(fleet, host, *ca)
    assert (result.status, found["image"]) == (0, f"{host}/team/app:1")


@pytest.mark.parametrize("image", [True, False])
def test_a_wrong_password_is_told_with_an_image_and_without(
    fleet: User, protected: Htpasswd, image: bool
) -> None:
    host, ca = protected.registry.host, ("--ca-file", str(protected.registry.ca))
    hold(fleet, host, f"robot:{mixed()}")
    result, found = check(fleet, host, *([f"{host}/team/app:1"] if image else []), *ca)
    assert (result.status, found["verdict"]) == (1, "refused")
    assert (found["reason"], found["password"]) == ("wrong-password", "refused")
    assert found["hint"] == (
        f"gitops-secrets registry update --path clusters/prod --image-pull-secret regcred --registry {host}"
    )


def test_a_wrong_password_in_two_pull_secrets_of_a_cluster_is_updated_by_what_is_printed(
    fleet: User, protected: Htpasswd
) -> None:
    host, password = protected.registry.host, mixed()
    more = ("--ca-file", str(protected.registry.ca))
    hold(fleet, host, f"robot:{password}")
    second = ("--image-pull-secret", "second", "--registry", host, "--registry-creds-env", "CREDS")
    made = fleet.run("bootstrap", *second, env={"CREDS": f"robot:{password}"})
    assert made.status == 0, made.printed
    result, found = check(fleet, host, *more)
    assert (result.status, found["reason"]) == (1, "wrong-password"), result.printed

    for command in found["hint"].split(" && "):
        flags = ("--registry-creds-env", "CREDS", *more)
        right = {"CREDS": f"robot:{protected.password}"}
        done = fleet.run(*command.split()[1:], *flags, env=right)
        assert done.status == 0, (command, done.printed)

    result, found = check(fleet, host, *more)
    assert found["password"] == "accepted", result.printed


def test_an_image_that_does_not_exist_says_nothing_of_the_right(
    fleet: User, protected: Htpasswd
) -> None:
    host, ca = protected.registry.host, ("--ca-file", str(protected.registry.ca))
    hold(fleet, host, f"robot:{protected.password}")
    result, found = check(fleet, host, f"{host}/team/gone:1", *ca)
    assert (result.status, found["verdict"], found["reason"]) == (3, "unproven", "no-such-image")
    assert found["password"] == "accepted"


def test_a_broken_password_file_is_the_registrys_fault(fleet: User, tmp_path: Path) -> None:
    """It refuses everybody who sends a password with 400, and nobody else."""
    folder, users = tmp_path / "broken", {"robot": mixed()}
    with serving(folder, htpasswd=users) as registry:
        (folder / "htpasswd").write_text("a broken line\n")
        hold(fleet, registry.host, f"robot:{users['robot']}")
        plain = ("--plain-http", registry.host)
        result, found = check(fleet, registry.host, f"{registry.host}/team/app:1", *plain)
        assert (result.status, found["verdict"]) == (3, "unproven")
        assert (found["reason"], found["password"]) == ("server-error", "not-told")
        write_htpasswd(folder / "htpasswd", users)
        _, found = check(fleet, registry.host, f"{registry.host}/team/app:1", *plain)
        assert (found["reason"], found["password"]) == ("no-such-image", "accepted")


def test_an_unknown_authority_and_the_wrong_one_are_refused(
    fleet: User, protected: Htpasswd, tmp_path: Path
) -> None:
    host = protected.registry.host
    hold(fleet, host, f"robot:{protected.password}")
    other = Authority(tmp_path, "other")
    for flags in ((), ("--ca-file", str(other.file))):
        result, found = check(fleet, host, f"{host}/team/app:1", *flags)
        assert (result.status, found["reason"]) == (3, "tls")
    refused = fleet.run("registry", "check", "--ca-file", str(protected.folder / "config.yml"))
    assert (refused.status, "holds no certificate" in refused.stderr) == (3, True)


def test_plain_http_is_asked_only_where_it_is_named(fleet: User, tmp_path: Path) -> None:
    password = mixed()
    with serving(tmp_path / "plain", htpasswd={"robot": password}) as registry:
        push(registry, "team/app", "1", basic("robot", password))
        hold(fleet, registry.host, f"robot:{password}")
        image = f"{registry.host}/team/app:1"
        result, found = check(fleet, registry.host, image)
        assert (result.status, found["reason"]) == (3, "plain-http")
        assert f"--plain-http {registry.host}" in found["hint"]
        result, found = check(fleet, registry.host, image, "--plain-http", registry.host)
        assert (result.status, found["verdict"]) == (0, "proven")


def test_what_everybody_may_pull_proves_nothing(fleet: User, tmp_path: Path) -> None:
    with serving(tmp_path / "open") as registry:
        push(registry, "team/app", "1")
        hold(fleet, registry.host, f"robot:{mixed()}")
        plain = ("--plain-http", registry.host)
        result, found = check(fleet, registry.host, f"{registry.host}/team/app:1", *plain)
        assert (result.status, found["verdict"]) == (3, "public")
        assert found["password"] == "not-told"


class Tokened(NamedTuple):
    registry: Registry
    server: WebServer
    password: str

    @property
    def flags(self) -> tuple[str, ...]:
        """How the two are asked: over plain HTTP, the realm being another origin."""
        hosts = self.registry.host, self.server.host
        return ("--plain-http", hosts[0], "--plain-http", hosts[1], "--realm", hosts[1])


@pytest.fixture
def tokened(tmp_path: Path) -> Iterator[Tokened]:
    """A registry with a token server: team/app is private, team/other another's, team/open is public."""
    password, pushing = mixed(), mixed()
    rights = Rights(
        {"robot": password, "pusher": pushing},
        {"team/app": ("robot",), "team/open": ("",)},
    )
    tokens = Tokens(tmp_path, rights)
    with WebServer(tokens.answer) as server:
        realm = f"http://{server.host}/token"
        with serving(tmp_path / "tokened", realm=realm, bundle=tokens.bundle) as registry:
            for name in ("team/app", "team/other", "team/open"):
                push(registry, name, "1", token_for(server, name, "pusher", pushing))
            server.received.clear()
            yield Tokened(registry, server, password)


@pytest.mark.parametrize(
    ("image", "is_right", "status", "verdict", "reason", "password"),
    [
        ("team/app:1", True, 0, "proven", "pulled", "not-told"),
        ("team/app:1", False, 1, "refused", "wrong-password", "refused"),
        ("team/other:1", True, 1, "refused", "no-permission", "accepted"),
        ("team/other:1", False, 1, "refused", "wrong-password", "refused"),
        ("team/app:gone", True, 3, "unproven", "no-such-image", "not-told"),
        ("team/open:1", True, 3, "public", "public-image", "not-told"),
        ("team/open:1", False, 1, "refused", "wrong-password", "refused"),
    ],
)
def test_with_tokens_right_and_password_are_told_apart(
    fleet: User,
    tokened: Tokened,
    image: str,
    is_right: bool,
    status: int,
    verdict: str,
    reason: str,
    password: str,
) -> None:
    host = tokened.registry.host
    hold(fleet, host, f"robot:{tokened.password if is_right else mixed()}")
    result, found = check(fleet, host, f"{host}/{image}", *tokened.flags)
    assert (found["verdict"], found["reason"]) == (verdict, reason)
    assert (result.status, found["password"]) == (status, password)


def test_each_check_has_an_exchange_of_its_own(fleet: User, tokened: Tokened) -> None:
    host = tokened.registry.host
    hold(fleet, host, f"robot:{tokened.password}")
    for number in (1, 2):
        assert check(fleet, host, f"{host}/team/app:1", *tokened.flags)[0].status == 0
        with_password = [r for r in tokened.server.requests if r.authorization.startswith("Basic")]
        assert len([r for r in with_password if "push" not in r.path]) == number


def test_a_realm_on_another_host_gets_nothing_until_the_user_names_it(
    fleet: User, tokened: Tokened
) -> None:
    host, realm = tokened.registry.host, tokened.server.host
    hold(fleet, host, f"robot:{tokened.password}")
    image, plain = f"{host}/team/app:1", ("--plain-http", host, "--plain-http", realm)
    result, found = check(fleet, host, image, *plain)
    assert (result.status, found["reason"]) == (3, "realm-elsewhere")
    assert f"--realm {realm}" in found["hint"]
    _, found = check(fleet, host, image, "--plain-http", host, "--realm", realm)
    assert found["reason"] == "realm-without-tls"
    assert tokened.server.received == []
    settings = fleet.home / ".config/gitops-secrets/config.yaml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f"registry-realms:\n- {realm}\n")
    result, found = check(fleet, host, image, *plain)
    assert (result.status, found["verdict"]) == (0, "proven")
    assert "private address" in found["note"]


def test_new_credentials_are_proven_before_they_are_written(
    fleet: User, protected: Htpasswd
) -> None:
    host, ca = protected.registry.host, ("--ca-file", str(protected.registry.ca))
    add = ("registry", "add", "--registry", host, "--registry-creds-env", "CREDS", *ca)
    fleet.write({"apps/app.yaml": runs(f"{host}/team/app:1", secret="")})
    before = fleet.state()
    for mode in ("auto", "require"):
        wrong = fleet.run(*add, "--check", mode, env={"CREDS": f"robot:{mixed()}"})
        assert (wrong.status, fleet.state()) == (3, before)
        assert f"{host}: wrong user name or password for robot" in wrong.stderr
    right = fleet.run(*add, env={"CREDS": f"robot:{protected.password}"})
    assert right.status == 0, right.printed
    assert f"{host}: proven: robot pulls {host}/team/app:1" in right.stdout
    assert fleet.credentials()[host] == f"robot:{protected.password}"


def test_what_could_not_be_proven_is_written_unless_that_is_required(
    fleet: User, protected: Htpasswd
) -> None:
    host = protected.registry.host
    add = ("registry", "add", "--registry", host, "--registry-creds-env", "CREDS")
    creds = {"CREDS": f"robot:{protected.password}"}
    before = fleet.state()
    required = fleet.run(*add, "--check", "require", env=creds)
    assert (required.status, fleet.state()) == (3, before)
    assert "which nodes and Flux need too: --ca-file CA.pem\n" in required.stderr
    done = fleet.run(*add, "--output", "json", env=creds)
    assert done.status == 0, done.printed
    (proof,) = read("registry-add", done.stdout)["checks"]
    assert (proof["verdict"], proof["reason"]) == ("unproven", "tls")


def test_several_registries_are_asked_at_once_and_a_credential_of_several_clusters_once(
    fleet: User, protected: Htpasswd, tmp_path: Path
) -> None:
    host, ca = protected.registry.host, ("--ca-file", str(protected.registry.ca))
    fleet.commit({p.replace("prod", "stage"): c.replace("prod", "stage") for p, c in FILES.items()})
    for path in ("clusters/prod", "clusters/stage"):
        flags = ("--path", path, "--image-pull-secret", "regcred", "--registry", host)
        result = fleet.run(
            *("bootstrap", *flags, "--registry-creds-env", "CREDS"),
            env={"CREDS": f"robot:{protected.password}"},
        )
        assert result.status == 0, result.printed
    fleet.write({"apps/app.yaml": runs(f"{host}/team/app:1", secret="")})
    with serving(tmp_path / "second") as second:
        hold_at = ("registry", "add", "--path", "clusters/stage", "--check", "never")
        flags = ("--registry", second.host, "--registry-creds-env", "CREDS")
        assert fleet.run(*hold_at, *flags, env={"CREDS": "a:b"}).status == 0
        registries = ("--registry", host, "--registry", second.host)
        plain = ("--plain-http", second.host)
        result = fleet.run("registry", "check", "--all", *registries, *ca, *plain)
        said = result.stdout.splitlines()
    assert result.status == 3
    (proven,) = [line for line in said if " proven " in line]
    assert proven.endswith(f"robot pulls {host}/team/app:1 (clusters/prod, clusters/stage)")
    assert any(line.startswith(second.host) and " unproven " in line for line in said)
    assert said[-1] == "gitops-secrets: 1 of 2 credentials accepted"


def test_a_password_goes_to_the_registry_and_to_nobody_else(
    fleet: User, protected: Htpasswd, tokened: Tokened
) -> None:
    first, second = (mixed(), mixed())
    ca = ("--ca-file", str(protected.registry.ca))
    with Watch(fleet, first, second, protected.password, tokened.password) as watch:
        hold(fleet, protected.registry.host, f"robot:{first}")
        hold(fleet, tokened.registry.host, f"robot:{second}")
        results = [
            fleet.run("registry", "check", f"{host}/team/app:1", *ca, *tokened.flags, *more)
            for host in (protected.registry.host, tokened.registry.host)
            for more in ((), ("-v",), ("--output", "json"))
        ]
    assert {result.status for result in results} == {1}
    assert watch.leaks(*results) == []
