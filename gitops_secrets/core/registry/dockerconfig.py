"""The docker config JSON that a pull Secret holds, written and read as the kubelet reads it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.gobase64 import decode_auth
from gitops_secrets.core.registry.reference import printable
from gitops_secrets.errors import GitOpsSecretsError

_PARTS = ("auth", "username", "password")
_HUB_TOKEN = r"(?:https?://)?index\.docker\.io/v1/(?:access|refresh)-token"  # noqa: S105
_LOGIN = "log in to it again with docker login, which writes the entry anew"


def build_dockerconfigjson(credentials: Mapping[str, Credentials]) -> bytes:
    """Return the docker config JSON for *credentials* by registry key: compact, in their order."""
    auths = {
        key: {
            "username": c.username,
            "password": c.password,
            "auth": base64.b64encode(f"{c.username}:{c.password}".encode()).decode(),
        }
        for key, c in credentials.items()
    }
    return json.dumps({"auths": auths}, separators=(",", ":")).encode()


def read_dockerconfigjson(content: bytes, name: str) -> dict[str, Credentials]:
    """Return the credentials by registry key, as the kubelet would read them.

    ``auth`` wins over username and password. Entries in which Docker keeps the tokens of a login at Docker
    Hub are no registry, and left out. Raises GitOpsSecretsError, naming *name* and the key but no value, for
    what the kubelet would refuse or ignore.
    """
    parsed = _parse(content, name)
    helper = helper_of(parsed)
    auths = field(parsed, "auths")
    if not isinstance(auths, dict) or (helper and not auths):
        if helper:
            raise _in_helper(name, helper)
        raise GitOpsSecretsError(f'{name}: has no "auths" object')
    return {
        key: read_auth_entry(entry, key, name, helper)
        for key, entry in auths.items()
        if not is_hub_token(key)
    }


def read_dockercfg(content: bytes, name: str) -> dict[str, Credentials]:
    """Return the credentials of a Secret of type kubernetes.io/dockercfg, the form before ``auths``.

    The errors are those of read_dockerconfigjson; the newer form is one.
    """
    parsed = _parse(content, name)
    if "auths" in parsed:
        raise GitOpsSecretsError(
            f'{name}: holds "auths", and the kubelet reads entries by host there',
            "type: kubernetes.io/dockerconfigjson and the key .dockerconfigjson",
        )
    return {key: read_auth_entry(entry, key, name) for key, entry in parsed.items()}


def read_auth_entry(entry: object, key: str, name: str, helper: str = "") -> Credentials:
    """Return the credentials of one ``auths`` entry; the errors are those of read_dockerconfigjson.

    *helper* is the credential helper that has them if the entry does not.
    """
    where = f"{name}: the entry for {printable(key)}"
    if not isinstance(entry, dict):
        raise GitOpsSecretsError(f"{where} is not an object")
    auth, username, password = (_text(entry, part, where) for part in _PARTS)
    if auth:
        try:
            username, colon, password = decode_auth(auth).decode().partition(":")
        except ValueError:
            raise GitOpsSecretsError(
                f"{where} has an auth that is not base64 text", _LOGIN
            ) from None
        if not colon:
            raise GitOpsSecretsError(f"{where} has an auth without a colon", _LOGIN)
        password = password.strip("\x00")
    if not username or not password:
        if field(entry, "identitytoken") or field(entry, "registrytoken"):
            raise GitOpsSecretsError(
                f"{where} holds only a token, which the kubelet ignores",
                "make a user name and password (or access token) at the registry, and give that",
            )
        if helper:
            raise _in_helper(where, helper)
        raise GitOpsSecretsError(f"{where} holds no user name and password", _LOGIN)
    if ":" in username:
        raise GitOpsSecretsError(f"{where} has a colon in its user name, which no registry reads")
    return Credentials(username, password)


def field(holder: object, name: str) -> object:
    """Return what *holder* has by *name* in any case, as Go reads JSON; the last of several, None if there is none."""
    found = holder.items() if isinstance(holder, dict) else ()
    return next((v for k, v in reversed(list(found)) if k.casefold() == name), None)


def helper_of(config: object) -> str:
    """Return a credential helper that the docker config *config* names, empty if it names none."""
    helpers = field(config, "credhelpers")
    named = [field(config, "credsstore"), *(helpers.values() if isinstance(helpers, dict) else ())]
    return next((str(helper) for helper in named if helper), "")


def is_hub_token(key: str) -> bool:
    """Return whether *key* is one under which ``docker login`` keeps a token of Docker Hub beside the login."""
    return re.fullmatch(_HUB_TOKEN, key) is not None


def _parse(content: bytes, name: str) -> dict[str, object]:
    try:
        parsed = json.loads(content, object_pairs_hook=_refuse_duplicates)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise GitOpsSecretsError(f"{name}: not a valid docker config")
    return parsed


def _text(entry: dict[str, object], name: str, where: str) -> str:
    value = field(entry, name)
    if value is not None and not isinstance(value, str):
        raise GitOpsSecretsError(f"{where} has a {name} that is not text", _LOGIN)
    return value or ""


def _in_helper(where: str, helper: str) -> GitOpsSecretsError:
    return GitOpsSecretsError(
        f"{where}: holds no credentials, and the kubelet does not ask the credential helper {printable(helper)}",
        "have the helper asked: gitops-secrets bootstrap --registry HOST --registry-creds-docker-config FILE",
    )


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError
    return result
