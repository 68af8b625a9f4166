"""What a case of the corpus is, and the fresh credentials that it is made of."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass, field
from functools import cache

import pyrage

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.draw import CHANCE, hexadecimal

RULE_FOR_ALL = (
    b"creation_rules:\n- path_regex: \\.ya?ml$|\\.json$\n  encrypted_regex: ^(data|stringData)$\n"
)


def _password() -> str:
    return b64(CHANCE.randbytes(18)).replace("+", "Q").replace("/", "Z") + "7x"


def b64(value: str | bytes) -> str:
    """Return *value* as base64 on one line."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


KNOWN: list[str] = []
"""Every secret of this run, so that what is said can be searched for all of them."""


def remember(secret: str) -> str:
    """Note *secret* as one that must never be said."""
    KNOWN.append(secret)
    return secret


@dataclass(frozen=True)
class Fresh:
    """Credentials that nobody had before this run."""

    user: str = field(default_factory=lambda: "robot-" + hexadecimal(4))
    password: str = field(default_factory=lambda: remember(_password()))

    host: str = "registry.example.com:5000"

    @property
    def dotted(self) -> str:
        """A password with a dot in it, of which programs could make two names."""
        return remember(f"q{self.password[:9]}.Z{self.password[9:]}")

    @property
    def auth(self) -> str:
        """The auth field of a docker config."""
        return b64(f"{self.user}:{self.password}")

    @property
    def config(self) -> str:
        """A docker config as kubectl writes it."""
        entry = {"username": self.user, "password": self.password, "auth": self.auth}
        return json.dumps({"auths": {self.host: entry}})

    @property
    def packed(self) -> str:
        """The docker config in base64."""
        return b64(self.config)

    @property
    def secret(self) -> str:
        """The readable pull Secret, in the spelling of the documentation."""
        return (
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: regcred\n  namespace: flux-system\n"
            f"type: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {self.packed}\n"
        )


@dataclass(frozen=True)
class Case:
    """One content at one path, with the verdict that is right and why."""

    name: str
    reason: str
    content: bytes
    rules: frozenset[str] = frozenset()
    """The rules that must find something; none for a look-alike."""
    path: str = "clusters/prod/file.yaml"
    sops_config: bytes | None = None


def found(
    name: str,
    rule: str,
    content: str | bytes,
    reason: str,
    path: str = "clusters/prod/file.yaml",
    **more: object,
) -> Case:
    """Return a readable case."""
    raw = content.encode() if isinstance(content, str) else content
    return Case(name, reason, raw, frozenset(rule.split()), path, **more)  # type: ignore[arg-type]


def silent(
    name: str,
    content: str | bytes,
    reason: str,
    path: str = "clusters/prod/file.yaml",
    **more: object,
) -> Case:
    """Return a look-alike; a creation rule covers it unless the case says otherwise."""
    raw = content.encode() if isinstance(content, str) else content
    return Case(name, reason, raw, frozenset(), path, **{"sops_config": RULE_FOR_ALL, **more})  # type: ignore[arg-type]


@cache
def recipient() -> str:
    """Return the recipient of an identity that nobody keeps."""
    return str(pyrage.x25519.Identity.generate().to_public())


@cache
def encrypt(plain: str, *options: str, kind: str = "yaml") -> str:
    """Return *plain* as the real sops encrypts it."""
    command = [find_sops(), "encrypt", "--age", recipient(), *options]
    command += ["--input-type", kind, "--output-type", kind, "--filename-override", f"x.{kind}"]
    ran = subprocess.run(
        command,
        input=plain.encode(),
        capture_output=True,
        check=False,
        env={"HOME": "/nonexistent"},
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode()


ONLY_DATA = ("--encrypted-regex", "^(data|stringData)$")
