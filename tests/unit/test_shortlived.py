"""Credentials that expire before Git is done with them, and those that look like them."""

from __future__ import annotations

import base64
import json

import pytest

from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.shortlived import find_expiry

NOW = 1_800_000_000
HOUR, DAY = 3600, 24 * 3600
NOBODY = "00000000-0000-0000-0000-000000000000"
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def jwt(claims: object, header: object = {"alg": "RS256"}) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(p).encode()).decode() for p in (header, claims))
    return ".".join((*(part.rstrip("=") for part in parts), "c2lnbmVk"))


@pytest.mark.parametrize(
    ("host", "username", "password", "words", "advice"),
    [
        (ECR, "AWS", "x", "Amazon ECR", "provider: aws"),
        (f"{ECR}.cn", "AWS", "x", "Amazon ECR", "provider: aws"),
        (f"{ECR}:443", "AWS", "x", "Amazon ECR", "ecr-credential-provider"),
        ("1.dkr-ecr.eu-west-1.on.aws", "AWS", "x", "Amazon ECR", "provider: aws"),
        ("*.dkr.ecr.*.amazonaws.com", "AWS", "x", "Amazon ECR", "provider: aws"),
        ("public.ecr.aws", "AWS", "x", "Amazon ECR", "provider: aws"),
        ("gcr.io", "oauth2accesstoken", "x", "Google", "_json_key"),
        ("europe-docker.pkg.dev", "oauth2accesstoken", "x", "Google", "provider: gcp"),
        ("a.azurecr.io", NOBODY, jwt({"exp": NOW + 3 * HOUR}), "Azure", "az acr token create"),
        ("a.azurecr.cn", NOBODY, "opaque", "Azure", "provider: azure"),
        ("ghcr.io", "me", "ghs_16C7e42F292c6912E7710c838347Ae178B4a", "GitHub", "personal access"),
        ("registry.gitlab.com", "gitlab-ci-token", "x", "GitLab job", "deploy token"),
        ("r.example.com", "me", jwt({"exp": NOW + DAY}), "expires within a week", "robot account"),
        ("r.example.com", "me", jwt({"exp": NOW - DAY}), "expired already", "robot account"),
        ("r.example.com", "me", jwt({"exp": NOW + 0.5}), "expires within a week", "robot account"),
    ],
)
def test_a_token_of_hours_is_named_with_what_lasts(
    host: str, username: str, password: str, words: str, advice: str
) -> None:
    found = find_expiry(host, Credentials(username, password), NOW)
    assert found is not None
    assert words in found.what
    assert any(advice in line for line in found.advice)
    assert password not in " ".join((found.what, *found.advice)) or password == "x"


@pytest.mark.parametrize(
    ("host", "username", "password"),
    [
        ("registry.example.com", "AWS", "x"),
        ("amazonaws.com.example.com", "AWS", "x"),
        (ECR, "robot", "x"),
        ("gcr.io", "_json_key", '{"private_key": "a"}'),
        ("gcr.io", "_json_key_base64", "x"),
        ("a.azurecr.io", "11111111-2222-3333-4444-555555555555", "x"),
        ("ghcr.io", "me", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ("r.example.com", "me", jwt({"exp": NOW + 365 * DAY})),
        ("r.example.com", "me", jwt({"sub": "robot"})),
        ("r.example.com", "me", jwt({"exp": "soon"})),
        ("r.example.com", "me", jwt({"exp": True})),
        ("r.example.com", "me", jwt({"exp": 1}, header={"kid": "x"})),
        ("r.example.com", "me", jwt([1])),
        ("r.example.com", "me", "a.b.c"),
        ("r.example.com", "me", "é.é.é"),
        ("r.example.com", "me", "no dots"),
    ],
)
def test_what_lasts_is_not_refused(host: str, username: str, password: str) -> None:
    assert find_expiry(host, Credentials(username, password), NOW) is None
