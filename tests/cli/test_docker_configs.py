"""bootstrap with what docker login leaves behind, and with tokens that do not last."""

from __future__ import annotations

import base64
import json
import time

import pytest

from tests.support.secrets import mixed
from tests.support.user import User

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
HUB = "https://index.docker.io/v1/"


def bootstrap(user: User, *options: str) -> tuple[int, str]:
    result = user.run(
        *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred", "--dry-run"),
        *options,
    )
    return result.status, result.printed


def config(user: User, **content: object) -> str:
    path = user.home / "config.json"
    path.write_text(json.dumps(content))
    return str(path)


def auth(value: str) -> dict[str, str]:
    return {"auth": base64.b64encode(value.encode()).decode()}


def test_of_a_login_at_docker_hub_the_login_is_taken(user: User) -> None:
    auths = {
        f"{HUB}refresh-token": auth("me:r"),
        HUB: auth("me:made-up"),
        f"{HUB}access-token": auth("me:a"),
    }
    path = config(user, auths=auths)
    status, printed = bootstrap(
        user, "--registry", "docker.io", "--registry-creds-docker-config", path
    )
    assert status == 0, printed


def test_the_entry_as_docker_writes_it_comes_before_another_spelling(user: User) -> None:
    auths = {"https://r.example.com/v1/": auth("a:old"), "r.example.com": auth("b:new")}
    path = config(user, auths=auths)
    given = ("--registry", "r.example.com", "--registry-creds-docker-config", path)
    assert bootstrap(user, *given)[0] == 0
    del auths["r.example.com"]
    auths["https://r.example.com"] = auth("c:other")
    config(user, auths=auths)
    status, printed = bootstrap(user, *given)
    assert (status, "2 entries that all mean r.example.com" in printed) == (3, True)


@pytest.mark.parametrize(
    ("registry", "username", "words"),
    [
        (ECR, "AWS", "spec.provider: aws"),
        ("public.ecr.aws", "AWS", "spec.provider: aws"),
        ("europe-docker.pkg.dev", "oauth2accesstoken", "spec.provider: gcp"),
        ("made.azurecr.io", "00000000-0000-0000-0000-000000000000", "spec.provider: azure"),
    ],
)
def test_a_token_of_hours_is_refused_unless_it_is_meant(
    user: User, registry: str, username: str, words: str
) -> None:
    secret = mixed()
    user.env["CREDS"] = f"{username}:{secret}"
    given = ("--registry", registry, "--registry-creds-env", "CREDS")
    status, printed = bootstrap(user, *given)
    assert (status, words in printed, "--short-lived" in printed) == (3, True, True), printed
    assert secret not in printed
    status, printed = bootstrap(user, *given, "--short-lived")
    assert status == 0, printed


def test_a_jwt_is_refused_by_when_it_expires(user: User) -> None:
    def token(expires: float) -> str:
        parts = ({"alg": "ES256"}, {"exp": int(expires)})
        encoded = (base64.urlsafe_b64encode(json.dumps(p).encode()).decode() for p in parts)
        return f"{'.'.join(encoded)}.c2lnbmVk"

    given = ("--registry", "r.example.com", "--registry-creds-env", "CREDS")
    user.env["CREDS"] = f"me:{token(time.time() + 3600)}"
    status, printed = bootstrap(user, *given)
    assert (status, "expires within a week" in printed) == (3, True)
    user.env["CREDS"] = f"me:{token(time.time() + 90 * 24 * 3600)}"
    assert bootstrap(user, *given)[0] == 0
