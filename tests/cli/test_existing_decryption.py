"""A repository that Flux decrypts already: bootstrap uses what is there, if the user has it, and proves its plan."""

from __future__ import annotations

import pytest

from tests.support.fleet import DECRYPTED, FILES, kustomization
from tests.support.secrets import opaque, recipient
from tests.support.user import PROGRAM, User

RULE = """\
creation_rules:
  - path_regex: ^apps/
    encrypted_regex: ^(data|stringData)$
    age: {}
"""
SOPS_KEYS = DECRYPTED.replace("sops-age", "fleet-keys")
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"


def decrypting(user: User, *readers: str) -> None:
    """A cluster that decrypts apps/ with a Secret fleet-keys; its files are for *readers*."""
    user.commit(
        {
            **FILES,
            "clusters/prod/apps.yaml": kustomization("apps", "apps", SOPS_KEYS),
            ".sops.yaml": RULE.format(",".join(readers)),
            "apps/namespace.yaml": NAMESPACE,
        }
    )
    plain = opaque("words", namespace="shop").encode()
    done = user.run("encrypt", "-", "--to", "apps/db.yaml", stdin=plain)
    assert done.status == 0, done.printed
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "db")


def own_identity(user: User) -> str:
    """The recipient of an identity where sops keeps its own."""
    return recipient(user)


def test_the_identity_that_flux_has_is_used(user: User) -> None:
    mine = own_identity(user)
    decrypting(user, mine)
    done = user.bootstrap()
    assert "Flux decrypts with the Secret fleet-keys already: its identity is used" in done.stdout
    assert "name: fleet-keys" in user.read("clusters/prod/pull-secrets.yaml")
    assert f"- {mine} # cluster: clusters/prod" in user.read(".sops.yaml")
    assert not list(user.home.rglob("*.agekey"))
    assert user.run("doctor").stdout.startswith("gitops-secrets: healthy")


def test_a_second_run_keeps_it(user: User) -> None:
    decrypting(user, own_identity(user))
    user.bootstrap()
    before = user.state()
    assert user.bootstrap().status == 0
    assert user.state() == before


def test_of_two_readers_nobody_knows_which_is_the_cluster(user: User) -> None:
    decrypting(user, own_identity(user), recipient(user, "colleague.txt"))
    assert user.bootstrap().status == 0
    assert "name: sops-age" in user.read("clusters/prod/pull-secrets.yaml")
    assert len(list(user.home.rglob("*.agekey"))) == 1
    assert user.run("doctor").stdout.startswith("gitops-secrets: healthy")


def test_an_identity_file_that_is_named_goes_first(user: User) -> None:
    decrypting(user, own_identity(user))
    file = user.home / "prod.agekey"
    assert user.bootstrap("--age-identity-file", str(file)).status == 0
    assert file.exists()
    assert "name: sops-age" in user.read("clusters/prod/pull-secrets.yaml")


@pytest.fixture
def taken(user: User) -> User:
    """A cluster in which a Secret flux-system/regcred is made by something else."""
    user.commit(
        {
            **FILES,
            "clusters/prod/regcred.yaml": (
                "apiVersion: v1\nkind: Secret\nmetadata: {name: regcred, namespace: flux-system}\n"
            ),
        }
    )
    return user


def test_a_secret_that_another_file_makes_is_not_made_twice(taken: User) -> None:
    before = taken.state()
    done = taken.bootstrap()
    assert done.status == 3
    assert (
        "clusters/prod/regcred.yaml:1 makes the Secret flux-system/regcred already" in done.stderr
    )
    assert taken.state() == before


def test_a_patch_that_takes_the_decryption_away_stops_the_run(user: User) -> None:
    """A patch that is there takes the decryption of our Kustomization away."""
    user.commit(
        {
            **FILES,
            "clusters/prod/kustomization.yaml": (
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
                "resources: [flux-system]\n"
                "patches:\n- target: {kind: Kustomization, name: pull-secrets}\n"
                "  patch: |\n    - {op: remove, path: /spec/decryption}\n"
            ),
        }
    )
    done = user.bootstrap()
    assert done.status == 3
    assert "would apply pull-secrets/prod/regcred.sops.yaml without decrypting it" in done.stderr


def test_flux_from_terraform_is_named_and_not_edited(user: User) -> None:
    release = 'resource "helm_release" "flux" {\n  name  = "flux"\n  chart = "flux-instance"\n}\n'
    user.commit({"infra/main.tf": release, "clusters/prod/namespace.yaml": NAMESPACE})
    refused = user.bootstrap()
    assert refused.status == 3
    assert "infra/main.tf:3 installs Flux" in refused.stderr
    done = user.bootstrap("--flavour", "external")
    assert done.status == 0, done.printed
    assert "give its ServiceAccounts imagePullSecrets: [{name: regcred}]" in done.stdout
    assert "flux bootstrap" not in done.stdout
    assert not (user.repository / "clusters/prod/flux-system").exists()
    assert user.run("doctor").stdout.startswith("gitops-secrets: healthy")
    before = user.state()
    assert user.bootstrap().status == 0
    assert user.state() == before


def test_an_encrypted_file_of_a_generator_needs_decryption(user: User) -> None:
    mine = own_identity(user)
    decrypting(user, mine)
    user.write(
        {
            "clusters/prod/web.yaml": kustomization("web", "web"),
            "web/kustomization.yaml": "namespace: web\nsecretGenerator: [{name: web, envs: [web.env]}]\n",
            "web/web.env": "A=words\n",
        }
    )
    ways = ("--input-type", "dotenv", "--output-type", "dotenv", "--age", mine)
    sops = PROGRAM.with_name("sops")
    # Not from the repository's folder: no creation rule is for this file.
    file = user.repository / "web/web.env"
    done = user.program([sops, "encrypt", "--in-place", *ways, str(file)], cwd=user.home)
    assert done.status == 0, done.printed
    said = user.run("doctor").stdout
    assert said.startswith("error[decryption]: Kustomization flux-system/web"), said
    assert "web/web.env" in said
