"""A pull Secret that Flux applies and nobody encrypted: the commands that look at a repository all say so."""

from __future__ import annotations

import base64
import json

import pytest

from tests.support.fleet import FILES, kustomization
from tests.support.user import User

FILE = "apps/registry.yaml"
ENCRYPT = f"gitops-secrets encrypt --add-rule {FILE} && git add {FILE} .sops.yaml"
BOOTSTRAP = (
    "gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred --registry HOST:PORT"
)
WORDS = (
    f"Secret shop/acme is not encrypted: everybody who reads {FILE} has its registry credentials, "
    "and the history keeps them"
)


def config(password: str = "Wq7-nnT4kZp1x") -> str:
    entry = {"username": "robot", "password": password}
    return json.dumps({"auths": {"harbor.acme.example": entry}})


def secret(value: str, name: str = "acme") -> str:
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\n"
        f"type: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {value}\n"
    )


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def exposing(user: User) -> User:
    """Whose cluster applies such a Secret, by a Kustomization that says the namespace."""
    user.commit(
        {
            **FILES,
            "clusters/prod/apps.yaml": kustomization("apps", "apps", "  targetNamespace: shop\n"),
            FILE: secret(encoded(config())),
        }
    )
    return user


def test_doctor_calls_no_such_repository_healthy(exposing: User) -> None:
    result = exposing.run("doctor")
    assert result.status == 1
    assert result.stdout.splitlines()[:3] == [
        f"error[readable]: {WORDS}",
        f"    see:  {FILE}:6, clusters/prod/apps.yaml:1",
        f"    hint: {BOOTSTRAP}",
    ]


def test_the_bare_command_begins_with_it(exposing: User) -> None:
    said = exposing.run().stdout
    assert f"  clusters/prod: no encrypted pull Secret\n    {WORDS}\n" in said
    assert f"next:\n  {BOOTSTRAP}\n  gitops-secrets hooks install\n" in said


def test_registry_list_names_it_beside_the_others(exposing: User) -> None:
    assert exposing.run("registry", "list").stdout == f"{FILE}:6: {WORDS}: {BOOTSTRAP}\n"
    document = json.loads(exposing.run("registry", "list", "--output", "json").stdout)
    assert document["readable"] == [
        {
            "path": "clusters/prod",
            "namespace": "shop",
            "secret": "acme",
            "file": FILE,
            "line": 6,
            "fix": BOOTSTRAP,
        }
    ]


def test_what_it_holds_is_never_shown(exposing: User) -> None:
    for command in ((), ("doctor",), ("registry", "list"), ("doctor", "--output", "json")):
        printed = exposing.run(*command).printed
        assert "Wq7-nnT4kZp1x" not in printed
        assert encoded(config()) not in printed


def test_a_docker_config_of_which_a_generator_makes_one_counts(exposing: User) -> None:
    generator = "secretGenerator:\n- name: acme\n  type: kubernetes.io/dockerconfigjson\n"
    listing = f"{generator}  files: [.dockerconfigjson=config.json]\n"
    exposing.write(
        {FILE: "", "apps/kustomization.yaml": listing, "apps/config.json": f"{config()}\n"}
    )
    said = exposing.run("doctor").stdout
    words = "the docker config of a secretGenerator is not encrypted: everybody who reads apps/config.json"
    assert said.startswith(f"error[readable]: {words} ")
    assert f"    hint: {BOOTSTRAP}\n" in said
    document = json.loads(exposing.run("registry", "list", "--output", "json").stdout)
    assert [one["file"] for one in document["readable"]] == ["apps/config.json"]


@pytest.mark.parametrize(
    ("value", "more"),
    [
        (encoded('{"auths": {}}'), {}),
        ("${REGISTRY_CONFIG}", {}),
        (
            f"{encoded(config())}  # gitops-secrets: ignore[plaintext-dockerconfigjson] of a lab",
            {},
        ),
        (
            encoded(config()),
            {
                ".gitops-secrets.yaml": "version: 1\nrules:\n- rule: plaintext-dockerconfigjson\n  severity: off\n"
                "  paths: [apps/]\n  reason: a lab\n"
            },
        ),
    ],
    ids=["no registry", "a variable", "a marker", "a setting"],
)
def test_what_the_guard_lets_pass_is_no_problem(
    exposing: User, value: str, more: dict[str, str]
) -> None:
    exposing.write({FILE: secret(value), **more})
    assert exposing.run("doctor").stdout.startswith("gitops-secrets: healthy")


def test_a_secret_that_flux_does_not_apply_is_left_to_scan(exposing: User) -> None:
    exposing.write({FILE: "", "archive/registry.yaml": secret(encoded(config()))})
    assert exposing.run("doctor").stdout.startswith("gitops-secrets: healthy")
    assert "archive/registry.yaml" in exposing.run("scan", ".").stdout


def test_the_commands_lead_to_a_secret_that_is_encrypted(exposing: User) -> None:
    assert exposing.bootstrap().status == 0
    assert f"    hint: {ENCRYPT}\n" in exposing.run("doctor").stdout
    assert f"next:\n  {ENCRYPT}\n" in exposing.run().stdout
    assert exposing.run("registry", "list").stdout.endswith(f"\n\n{FILE}:6: {WORDS}: {ENCRYPT}\n")
    assert exposing.run("encrypt", "--add-rule", FILE).status == 0
    said = exposing.run("doctor").stdout
    assert "error[readable]" not in said
    assert "error[decryption]: " in said, "the next step"
