"""Passwords are told from names, and a message is freed of every piece of one."""

from __future__ import annotations

import base64
import string

import pytest

from gitops_secrets.core.discretion.commandline import Discretion
from gitops_secrets.core.discretion.suspicion import (
    NOT_SHOWN,
    conceal,
    is_unmistakable,
    may_be_secret,
)
from gitops_secrets.errors import UsageError
from tests.support.draw import CHANCE, hexadecimal
from tests.support.secrets import mixed

NAMES = """
clusters/prd clusters/eu-west-1/prod2 prod-eu jsno text boostrap regcred flux-system clusters/prod/apps
registry.example.com registry.example.com:5000 ghcr.io/org/app:v1.2.3 localhost:5000 [::1]:5000
123456789012.dkr.ecr.eu-west-1.amazonaws.com https://registry.example.com/v2/ *.corp.example harbor:443
arn:aws:eks:eu-west-1:123456789012:cluster/prod gke_my-project_europe-west1-b_cluster-1 kubernetes-admin@prod
origin/main v1.2.3 HEAD~3 @{upstream} main..HEAD origin/main...feature/JIRA-123 release-2026.01 1a2b3c4
GitRepository/flux-system creds.txt ~/.docker/config.json /run/secrets/creds ../fleet ./a-b_c.yaml REGISTRY_CREDS
prod.agekey my-cluster-01 TeamCluster2 HEAD^ HEAD^{commit} Kustomization stringData.password .dockerconfigjson git@github.com/org/repo
ssh://git@git.example.com/fleet https://git@git.example.com/fleet sha256:0123456789abcdef
age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
""".split()  # noqa: SIM905 - a list of fifty lines says no more


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown(name: str) -> None:
    assert not may_be_secret(name)


def of_letters_and_digits(length: int) -> str:
    """A password of a generator that asks for each class, as most do."""
    while True:
        drawn = "".join(CHANCE.choice(string.ascii_letters + string.digits) for _ in range(length))
        if any(map(str.isdigit, drawn[1:-1])) and any(map(str.islower, drawn)):
            return drawn


SECRETS = {
    "user and password": lambda: f"robot:{mixed(8)}",
    "user and a word": lambda: "robot:hunter",
    "a robot of harbor": lambda: f"robot$fleet+pull:{mixed()}",
    "mixed": mixed,
    "short and mixed": lambda: mixed(8),
    "in a path": lambda: f"clusters/{mixed()}",
    "an identity": lambda: "AGE-SECRET-KEY-1" + mixed(40).upper(),
    "a token of GitHub": lambda: "ghp_" + mixed(36),
    "a token of GitLab": lambda: "glpat-" + mixed(20),
    "a token of Docker Hub": lambda: "dckr_pat_" + mixed(27),
    "hexadecimal digits": lambda: "3f" + hexadecimal(15) + "a1b2c3",
    "with signs": lambda: "pass!word",
    "a phrase": lambda: "correct horse battery staple",
    "an address": lambda: f"https://robot:{mixed(8)}@registry.example.com",
    "a token in an address": lambda: f"https://{mixed(20)}@registry.example.com",
    "a docker config": lambda: '{"auths": {"r.io": {"auth": "cm9ib3Q6aHVudGVy"}}}',
    "a packed docker config": lambda: base64.b64encode(b'{"auths": {"r.io": {}}}').decode(),
    "a key": lambda: "-----BEGIN OPENSSH PRIVATE KEY-----",
    "a JSON web token": lambda: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmVk",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_told(kind: str) -> None:
    for _ in range(50):
        assert may_be_secret(SECRETS[kind]())


@pytest.mark.parametrize("kind", SECRETS)
def test_no_piece_of_it_is_left_in_a_message(kind: str) -> None:
    secret = SECRETS[kind]()
    said = conceal(f'there is no "{secret}" here, nor /srv/fleet/{secret}/x: {secret!r}', [secret])
    assert secret not in said
    assert said.startswith(f"there is no {NOT_SHOWN} here")


def test_what_a_message_says_besides_is_left() -> None:
    secret = f"Registry-{mixed()}"
    said = conceal("pass --registry-creds-stdin, or --registry registry.example.com", [secret])
    assert said == "pass --registry-creds-stdin, or --registry registry.example.com"


def test_a_secret_in_small_letters_or_in_part_is_concealed_too() -> None:
    secret = mixed()
    assert conceal(secret.lower(), [secret]) == NOT_SHOWN
    assert conceal(f"{secret[:20]!r} is no recipient", [secret]) == f"{NOT_SHOWN} is no recipient"


def test_only_what_cannot_be_anything_else_is_refused_everywhere() -> None:
    assert not is_unmistakable(mixed())
    for kind in ("an identity", "a token of GitHub", "a docker config", "a packed docker config"):
        assert is_unmistakable(SECRETS[kind]())


@pytest.mark.parametrize(
    "option", ["--path", "--namespace", "--image-pull-secret", "--to", "--key"]
)
def test_a_name_that_may_be_a_secret_is_refused_before_it_is_written(option: str) -> None:
    secret = mixed()
    for arguments in ([option, secret], [f"{option}={secret}"]):
        with pytest.raises(UsageError) as caught:
            Discretion(arguments, str).check()
        assert option in caught.value.message
        assert secret not in "".join((caught.value.message, *caught.value.hints))


def test_a_name_of_what_is_there_is_taken() -> None:
    Discretion(["--path", f"clusters/{mixed()}"], lambda _: "").check()


@pytest.mark.parametrize("name", ["regcred-7f3a9b2c1d", "clusters/c-m-7xk2p9qv", "p-4b8d1x"])
def test_a_name_with_a_hash_is_taken(name: str) -> None:
    for option in ("--path", "--namespace", "--image-pull-secret"):
        Discretion([option, name], str).check()
    with pytest.raises(UsageError):
        Discretion(["--namespace", "3f" + hexadecimal(12) + "a1b2c3d4"], str).check()


def test_a_commit_may_be_named_by_its_id() -> None:
    discretion = Discretion(["scan", "--tree", "4" * 40, "--range", "1a2b3c4d5e6f..HEAD"], str)
    discretion.check()


def test_the_words_of_documentation_stay_though_credentials_stand_in_their_place() -> None:
    discretion = Discretion(["--registry-creds", "robot:password"], str)
    discretion.check()
    assert discretion.conceal("they have no password") == "they have no password"
