"""A pull Secret that a secretGenerator makes of an encrypted docker config is one of the cluster's."""

from __future__ import annotations

import json

import pytest

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.fleet import DECRYPTED, FILES, deployments, kustomization
from tests.support.secrets import recipient
from tests.support.user import User

CONFIG = "apps/registry.enc.json"
LISTING = (
    "namespace: shop\nresources: [web.yaml]\nsecretGenerator:\n- name: acme\n"
    "  type: kubernetes.io/dockerconfigjson\n  files: [.dockerconfigjson=registry.enc.json]\n"
)


@pytest.fixture
def generating(user: User) -> User:
    """Whose applications pull with such a Secret."""
    web = deployments("harbor.acme.example").replace(
        "      containers:", "      imagePullSecrets: [{name: acme}]\n      containers:"
    )
    entry = {"username": "robot", "password": "Wq7-nnT4kZp1x"}
    user.commit(
        {
            **FILES,
            ".sops.yaml": f"creation_rules:\n- path_regex: \\.enc\\.json$\n  age: {recipient(user)}\n",
            "clusters/prod/apps.yaml": kustomization("apps", "apps", DECRYPTED),
            "apps/kustomization.yaml": LISTING,
            "apps/web.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" + web,
            CONFIG: json.dumps({"auths": {"harbor.acme.example": entry}}),
        }
    )
    assert user.program([find_sops(), "encrypt", "--in-place", CONFIG]).status == 0
    user.commit({})
    return user


def test_the_bare_command_counts_it(generating: User) -> None:
    said = generating.run().stdout
    assert f"  clusters/prod: 1 pull Secret in {CONFIG}, not made by bootstrap\n" in said


def test_registry_list_shows_its_registries(generating: User) -> None:
    said = generating.run("registry", "list").stdout
    assert said.startswith(f"clusters/prod: Secret shop/acme in {CONFIG}\n")
    assert (
        "  harbor.acme.example\n    user      robot\n    used by   image harbor.acme.example/"
        in said
    )
    assert "Wq7-nnT4kZp1x" not in said


def test_doctor_holds_images_against_it(generating: User) -> None:
    assert generating.run("doctor").stdout.startswith("gitops-secrets: healthy")
    web = generating.read("apps/web.yaml").replace("harbor.acme.example", "ghcr.acme.example")
    generating.write({"apps/web.yaml": web})
    assert "[images]: " in generating.run("doctor").stdout


def test_one_of_a_readable_config_is_none(generating: User) -> None:
    entry = {"username": "robot", "password": "Wq7-nnT4kZp1x"}
    generating.write({CONFIG: json.dumps({"auths": {"harbor.acme.example": entry}})})
    assert "clusters/prod: no encrypted pull Secret\n" in generating.run().stdout
