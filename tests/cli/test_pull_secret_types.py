"""Pull Secrets of a type that pulls nothing: encrypt notes it, and doctor names what pulls with them in vain."""

from __future__ import annotations

import base64
import json

import pytest

from tests.support.fleet import DECRYPTED, FILES, kustomization
from tests.support.secrets import recipient, rule
from tests.support.user import User

CONFIG = json.dumps({"auths": {"r.example.com": {"username": "u", "password": "made-up-3"}}})
POD = (
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: v1\nkind: Pod\n"
    "metadata: {name: web, namespace: shop}\nspec:\n  imagePullSecrets: [{name: regcred}]\n"
    "  containers: [{name: web, image: r.example.com/web:1}]\n"
)
ACCOUNT = (
    "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop}\n"
    "imagePullSecrets: [{name: regcred}]\n"
)
SOURCE = (
    "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: app, namespace: shop}\n"
    "spec: {interval: 1m, url: oci://r.example.com/app, secretRef: {name: regcred}}\n"
)


def pull(kind: str = "", key: str = ".dockerconfigjson", name: str = "regcred") -> bytes:
    value = base64.b64encode(CONFIG.encode()).decode()
    typed = f"type: {kind}\n" if kind else ""
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: shop}}\n{typed}"
        f"data:\n  {key}: {value}\n"
    ).encode()


@pytest.fixture
def shop(user: User) -> User:
    user.commit(
        {
            **FILES,
            ".sops.yaml": rule(recipient(user)),
            "clusters/prod/apps.yaml": kustomization("apps", "apps", DECRYPTED),
            "apps/web.yaml": POD,
        }
    )
    return user


def put(user: User, content: bytes) -> str:
    result = user.run("encrypt", "-", "--to", "apps/r.yaml", stdin=content)
    assert result.status == 0, result.printed
    return result.stdout


def test_one_of_the_right_type_is_healthy_and_has_no_note(shop: User) -> None:
    assert "note" not in put(shop, pull("kubernetes.io/dockerconfigjson"))
    assert shop.run("doctor").status == 0


@pytest.mark.parametrize("kind", ["", "Opaque", "example.com/pull"])
def test_one_that_a_pod_pulls_with_is_an_error(shop: User, kind: str) -> None:
    assert "type: kubernetes.io/dockerconfigjson" in put(shop, pull(kind))
    result = shop.run("doctor")
    assert result.status == 1
    assert result.stdout.startswith(
        f"error[secret-type]: Pod shop/web pulls with Secret shop/regcred, whose type is {kind or 'Opaque'}"
    )
    assert "made-up-3" not in result.printed


@pytest.mark.parametrize(
    ("more", "words"), [(ACCOUNT, "Pod shop/web"), (SOURCE, "OCIRepository shop/app")]
)
def test_one_that_an_account_or_a_source_names_is_one_too(
    shop: User, more: str, words: str
) -> None:
    shop.write({"apps/web.yaml": POD.replace("  imagePullSecrets: [{name: regcred}]\n", "") + more})
    put(shop, pull())
    assert shop.run("doctor").stdout.startswith(f"error[secret-type]: {words} pulls with")


def test_one_that_nothing_pulls_with_is_somebodys_file(shop: User) -> None:
    put(shop, pull(name="buildkit"))
    shop.write({"apps/web.yaml": POD.replace("  imagePullSecrets: [{name: regcred}]\n", "")})
    assert shop.run("doctor").status == 0


def test_one_without_the_key_of_its_type_is_refused_by_the_api_server(shop: User) -> None:
    put(shop, pull())
    sealed = shop.read("apps/r.yaml").replace(
        "kind: Secret\n", "kind: Secret\ntype: kubernetes.io/tls\n"
    )
    shop.write({"apps/r.yaml": sealed})
    assert shop.run("doctor").stdout.startswith(
        "error[secret-type]: Secret shop/regcred is of type kubernetes.io/tls and has no key tls.crt"
    )


def test_the_newer_config_under_the_older_key_is_refused(shop: User) -> None:
    result = shop.run(
        *("encrypt", "-", "--to", "apps/r.yaml"),
        stdin=pull("kubernetes.io/dockercfg", ".dockercfg"),
    )
    assert result.status == 3
    assert 'holds "auths"' in result.stderr
    assert "made-up-3" not in result.printed
