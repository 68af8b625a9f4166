"""Where credentials come from: each source reads once, and keeps nothing."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from gitops_secrets.adapters.running import environment
from gitops_secrets.adapters.running.process import run
from gitops_secrets.core.discretion.suspicion import NOT_SHOWN, may_be_secret
from gitops_secrets.core.registry.credentials import (
    Credentials,
    parse_credentials,
    strip_one_newline,
)
from gitops_secrets.core.registry.dockerconfig import is_hub_token, read_auth_entry
from gitops_secrets.core.registry.reference import DOCKER_HUB_KEY, Registry, parse_registry
from gitops_secrets.core.registry.shortlived import find_expiry
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_CONVENTIONAL = r"(?:[A-Z]+[0-9]{0,3}_?)+"
"""How people write the name of a variable, which a password hardly ever looks like."""
_HELPER = r"[A-Za-z0-9][A-Za-z0-9._-]*"

Source = Callable[[Registry], Credentials]
"""Reads the credentials of one registry. Raises UsageError or GitOpsSecretsError."""

_LARGEST = 16 * 1024 * 1024
"""Bytes that are read of a file of credentials; a Secret holds 1 MiB, and that has an error of its own."""


def argument(value: str) -> Source:
    """Return the source of USER:PASSWORD from the command line, as Flux takes it."""
    return lambda _: parse_credentials(value, "--registry-creds")


def standard_input() -> Source:
    """Return the source that is all of standard input, less one trailing newline."""
    if sys.stdin.isatty():
        raise UsageError(
            "standard input is a terminal, which would show what is typed",
            "leave --registry-creds-stdin out, and the password is asked for without an echo",
        )

    def read(_: Registry) -> Credentials:
        value = strip_one_newline(sys.stdin.buffer.read(), "standard input")
        return parse_credentials(value, "standard input")

    return read


def file(path: Path) -> Source:
    """Return the source that is all of a file, less one trailing newline."""

    def read(_: Registry) -> Credentials:
        return parse_credentials(strip_one_newline(_read(path), str(path)), str(path))

    return read


class Variables:
    """The variables that a command line names by *option*. What one gave stays here, in memory."""

    def __init__(self, option: str = "--registry-creds-env") -> None:
        self._option = option
        self._taken: dict[str, str | None] = {}

    def source(self, name: str) -> Source:
        """Return the source that is the variable *name*, which no program sees from now on."""
        if not re.fullmatch(_NAME, name):
            raise UsageError(
                f"{self._option} takes the name of a variable, and was given something else {NOT_SHOWN}",
                f"{self._option} REGISTRY_CREDS",
            )
        if name not in self._taken:
            self._taken[name] = environment.take(name)
        value = self._taken[name]

        def read(_: Registry) -> Credentials:
            if value is None:
                raise _unset(name, self._option)
            return parse_credentials(value, f"the environment variable {name}")

        return read


def _unset(name: str, option: str) -> UsageError:
    if not re.fullmatch(_CONVENTIONAL, name) or may_be_secret(name):
        return UsageError(
            f"{option} names a variable that is not set {NOT_SHOWN}",
            "read -rs REGISTRY_CREDS && export REGISTRY_CREDS",
        )
    return UsageError(
        f"the environment variable {name} is not set", f"read -rs {name} && export {name}"
    )


def prompt(ask: Callable[[str, bool], str]) -> Source:
    """Return the source that is a terminal; *ask* asks one question, hidden if it is told so."""

    def read(registry: Registry) -> Credentials:
        username = ask(f"User name for {registry.key}", False)
        password = ask(f"Password for {username} at {registry.key}", True)
        return parse_credentials(f"{username}:{password}", "the prompt")

    return read


def lasting(source: Source) -> Source:
    """Return *source*, which raises GitOpsSecretsError for credentials that expire before Git is done with them."""

    def read(registry: Registry) -> Credentials:
        credentials = source(registry)
        expiry = find_expiry(registry.host, credentials, time.time())
        if expiry is not None:
            raise GitOpsSecretsError(
                f"the credentials for {registry.key} are {expiry.what}, and a Secret in Git has to last longer",
                *expiry.advice,
                "or for a trial: --short-lived",
            )
        return credentials

    return read


def docker_config(path: Path) -> Source:
    """Return the source that is a docker config file, or the helper that it names for a registry."""
    return _DockerConfig(path).read


def registries_in(path: Path) -> list[Registry]:
    """Return the registries of which a docker config file has an entry or a helper, in its order.

    A key's path is kept. Raises GitOpsSecretsError for a key that the kubelet would never match.
    """
    config = _DockerConfig(path).parse()
    found: dict[Registry, None] = {}
    for part in ("auths", "credHelpers"):
        keys = config.get(part)
        for key in keys if isinstance(keys, dict) else ():
            if is_hub_token(key):
                continue
            try:
                found[parse_registry(key, keep_path=True)] = None
            except UsageError as error:
                raise GitOpsSecretsError(
                    f"{path}: {error.message}", "name those to import: --registry HOST"
                ) from None
    if not found:
        raise GitOpsSecretsError(f"{path} has no entry for any registry", "docker login HOST")
    return list(found)


class _DockerConfig(NamedTuple):
    path: Path

    def parse(self) -> dict[str, Any]:
        try:
            config = json.loads(_read(self.path))
        except (ValueError, RecursionError):
            raise self._invalid() from None
        if not isinstance(config, dict):
            raise self._invalid()
        return config

    def read(self, registry: Registry) -> Credentials:
        config = self.parse()
        server = DOCKER_HUB_KEY if registry.key == DOCKER_HUB_KEY else registry.host
        helpers = config.get("credHelpers")
        helper = helpers.get(server) if isinstance(helpers, dict) else None
        entry = self._entry(config.get("auths") or {}, registry, server)
        if helper is None and not entry:
            helper = config.get("credsStore")
        if helper is not None:
            return self._ask_helper(str(helper), server)
        if not entry:
            raise GitOpsSecretsError(
                f"{self.path} has no entry for {registry.key}", f"docker login {registry.host}"
            )
        return read_auth_entry(entry, registry.key, str(self.path))

    def _invalid(self) -> GitOpsSecretsError:
        return GitOpsSecretsError(
            f"{self.path}: not a valid docker config",
            "docker login HOST",
        )

    def _entry(self, auths: object, registry: Registry, server: str) -> object:
        """Return the entry of *registry*: that under *server*, as docker writes it, or the one that means it."""
        found = []
        for key, entry in auths.items() if isinstance(auths, dict) else ():
            if is_hub_token(key):
                continue
            try:
                same = parse_registry(key, keep_path="/" in registry.key) == registry
            except UsageError:
                continue
            if same and key == server:
                return entry
            if same and entry not in found:
                found.append(entry)
        if len(found) > 1:
            raise GitOpsSecretsError(
                f"{self.path} has {len(found)} entries that all mean {registry.key}",
                f"docker logout {registry.host} && docker login {registry.host}",
            )
        return found[0] if found else None

    def _ask_helper(self, helper: str, server: str) -> Credentials:
        program = f"docker-credential-{helper}"
        if not re.fullmatch(_HELPER, helper):
            raise GitOpsSecretsError(
                f"{self.path} names a credential helper that is no program name"
            )
        try:
            done = run([program, "get"], stdin=server.encode())
            answer = json.loads(done.stdout) if done.status == 0 else None
        except OSError:
            raise GitOpsSecretsError(
                f"{self.path} names the credential helper {program}, which is not on PATH"
            ) from None
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise GitOpsSecretsError(
                f"{program} has no credentials for {server}", f"docker login {server}"
            )
        if answer.get("Username") == "<token>":
            answer = {"identitytoken": answer.get("Secret")}
        entry = {"username": answer.get("Username"), "password": answer.get("Secret"), **answer}
        return read_auth_entry(entry, server, program)


def _read(path: Path) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise GitOpsSecretsError(
            f"the file of credentials {path} cannot be read: no such file"
        ) from None
    except OSError as error:
        raise GitOpsSecretsError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > _LARGEST:
        raise GitOpsSecretsError(
            f"{path} holds more than {_LARGEST} bytes, which no credentials and no docker config have",
            "give a file that holds USER:PASSWORD, or a docker config",
        )
    return content
