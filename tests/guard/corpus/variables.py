"""Variables whose names say more than whose password they hold."""

from __future__ import annotations

from collections.abc import Iterator

from tests.guard.corpus.case import Case, Fresh, found, silent

PASSWORD = "registry-password"
NAMES = (
    *("REGISTRY_PASSWORD_PRODUCTION", "GHCR_TOKEN_DEV", "QUAY_PASS_PREVIOUS", "HARBOR_PASSWORD_RO"),
    *(
        "registry_password_uat",
        "DOCKERHUB_PASSWORD_BACKUP",
        "registry.password.qa",
        "ACR_PWD_NEW_2",
    ),
    *("registryPasswordLegacy", "DOCKER_TOKEN_PUSH_CI", "OCI_TOKEN_plaintext", "REGISTRY_TOKEN_V2"),
)
SPELLINGS = {
    "env": ("{name}={value}\n", "a dotenv file"),
    "yaml": ("{name}: {value}\n", "a mapping"),
    "shell": ("#!/bin/sh\nexport {name}='{value}'\n", "a script"),
    "terraform": ('locals {{\n  {name} = "{value}"\n}}\n', "a block"),
    "pod": ("env:\n- name: {name}\n  value: {value}\n", "a container's variable"),
}
COMMANDS = {
    "docker": "docker run --rm -e REGISTRY_PASSWORD_STG={value} -e A=b example/app\n",
    "build": "docker build --build-arg registry_token_ci={value} .\n",
    "declared": 'variable "harbor_password_live" {{\n  type    = string\n  default = "{value}"\n}}\n',
    "left by sops": "registry:\n  url: registry.example.com\n  username: robot\n  password_unencrypted: {value}\n",
    "call": 'login(server="registry.example.com", username="robot", password_old="{value}")\n',
}
OF_OTHERS = (
    *("REGISTRY_PASSWORD_FILE=/run/secrets/registry-pw", "REGISTRY_PASSWORD_SECRET=harbor-pull-x2"),
    *("REGISTRY_PASSWORD_KEY=dockerPasswordField9", "REGISTRY_TOKEN_URL=https://registry.example.com/t"),
    *("REGISTRY_PASSWORD_LENGTH=32768128", "DOCKER_TOKEN_NAME=ci-puller-2024"),
    *("REGISTRY_PASSWORD_PROD=${{ secrets.REGISTRY_PASSWORD_PROD }}", "REGISTRY_PASSWORD_OLD=changeme"),
    *("REGISTRY_PASSWORD_CI=$REGISTRY_PASSWORD", "POSTGRES_PASSWORD_PROD=k2Vd8sQw71xPz"),
    *("REGISTRY_PASSWORD_STAGING=REGISTRY_PASSWORD_STAGING", "TOKEN_REGISTRY_RAW=k2Vd8sQw71xPz"),
)  # fmt: skip


def readable() -> Iterator[Case]:
    for name in NAMES:
        for kind, (spell, reason) in SPELLINGS.items():
            if kind == "shell" and "." in name:
                continue
            value = Fresh().password
            text = spell.format(name=name, value=value)
            yield found(
                f"variable/{kind}/{name}", PASSWORD, text, f"{reason} of which one is meant"
            )
    for kind, spell in COMMANDS.items():
        text = spell.format(value=Fresh().password)
        yield found(f"variable/{kind}", PASSWORD, text, "a name that says which one is meant")


def lookalikes() -> Iterator[Case]:
    for line in OF_OTHERS:
        yield silent(f"variable/{line}", f"{line}\n", "no password, or another's", "ci/build.env")
