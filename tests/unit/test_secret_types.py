"""Secrets as the API server takes them, by their types, keys and values."""

from __future__ import annotations

import base64
import json

import pytest

from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.secrettypes import no_pull_type
from gitops_secrets.errors import GitOpsSecretsError

ENTRY = {"r.example.com": {"username": "u", "password": "made-up"}}
NEW, OLD = "kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"


def read(values: dict[str, str], kind: str = "", annotations: str = "{}") -> None:
    data = "".join(f"  {json.dumps(key)}: {json.dumps(value)}\n" for key, value in values.items())
    content = (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a, namespace: b, annotations: {annotations}}}\n"
        f"{f'type: {kind}' if kind else ''}\ndata:\n{data}"
    )
    _ = Manifest(content.encode(), "x.yaml").secrets


def encoded(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (NEW, {".dockerconfigjson": encoded({"auths": ENTRY})}),
        (OLD, {".dockercfg": encoded(ENTRY)}),
        ("kubernetes.io/tls", {"tls.crt": "", "tls.key": "eA=="}),
        ("kubernetes.io/ssh-auth", {"ssh-privatekey": "eA=="}),
        ("kubernetes.io/basic-auth", {"password": "eA=="}),
        ("kubernetes.io/basic-auth", {"username": "eA=="}),
        ("Opaque", {".dockerconfigjson": "eA=="}),
        ("example.com/own", {"x": "eA=="}),
        ("", {"-._aZ9": "eA=="}),
        ("", {"k" * 253: "eA=="}),
        ("", {".x": "eA=="}),
        ("", {"x": "eA=\n=\n"}),
    ],
)
def test_what_the_api_server_takes_is_taken(kind: str, values: dict[str, str]) -> None:
    read(values, kind)


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        (NEW, {"config.json": "eA=="}, "has the key .dockerconfigjson"),
        (NEW, {".dockercfg": "eA=="}, "has the key .dockerconfigjson"),
        (OLD, {".dockerconfigjson": "eA=="}, "has the key .dockercfg"),
        (OLD, {".dockercfg": encoded({"auths": ENTRY})}, 'holds "auths"'),
        (OLD, {".dockercfg": encoded({"r": {"auth": "!"}})}, "not base64"),
        (OLD, {".dockercfg": encoded([1])}, "not a valid docker config"),
        (NEW, {".dockerconfigjson": encoded(ENTRY)}, 'has no "auths"'),
        ("kubernetes.io/tls", {"tls.crt": "eA=="}, "has the key tls.key"),
        ("kubernetes.io/ssh-auth", {"id_rsa": "eA=="}, "has the key ssh-privatekey"),
        ("kubernetes.io/basic-auth", {"user": "eA=="}, "has the key username"),
        ("kubernetes.io/service-account-token", {"token": "eA=="}, "has the annotation"),
        ("", {"UPS TOKEN": "eA=="}, "which Kubernetes does not take"),
        ("", {"a/b": "eA=="}, "which Kubernetes does not take"),
        ("", {"": "eA=="}, "which Kubernetes does not take"),
        ("", {"é": "eA=="}, "which Kubernetes does not take"),
        ("", {"..": "eA=="}, "which Kubernetes does not take"),
        ("", {".": "eA=="}, "which Kubernetes does not take"),
        ("", {"..x": "eA=="}, "which Kubernetes does not take"),
        ("", {"k" * 254: "eA=="}, "which Kubernetes does not take"),
        ("", {"k\n": "eA=="}, "which Kubernetes does not take"),
        ("", {"x": "bWFkZS11 cC12YWx1"}, "base64 with blanks in it"),
        ("", {"x": "bWFkZS11cC12YWx1ZQ"}, "data.x is not base64"),
        ("", {"x": "made up words"}, "data.x is"),
    ],
)
def test_what_it_refuses_is_refused(kind: str, values: dict[str, str], words: str) -> None:
    with pytest.raises(GitOpsSecretsError) as raised:
        read(values, kind)
    assert words in raised.value.message


def test_a_token_of_a_service_account_names_it() -> None:
    annotations = '{"kubernetes.io/service-account.name": "default"}'
    read({"token": "eA=="}, "kubernetes.io/service-account-token", annotations)


@pytest.mark.parametrize(
    ("kind", "keys", "needed"),
    [
        ("Opaque", [".dockerconfigjson"], NEW),
        ("Opaque", [".dockercfg", "x"], OLD),
        ("example.com/own", [".dockerconfigjson"], NEW),
        ("Opaque", ["config.json"], None),
        (NEW, [".dockerconfigjson"], None),
        (OLD, [".dockercfg"], None),
        ("ENC[AES256_GCM,data:x]", [".dockerconfigjson"], None),
    ],
)
def test_a_docker_config_of_another_type_pulls_nothing(
    kind: str, keys: list[str], needed: str | None
) -> None:
    assert no_pull_type(kind, keys) == needed
