"""The docker config JSON that a pull Secret holds, written and read as the kubelet reads it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.reference import printable
from gitops_secrets.errors import GitOpsSecretsError

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

    ``auth`` wins over username and password. Raises GitOpsSecretsError, naming *name* and the key
    but no value, for what the kubelet would refuse or ignore.
    """
    try:
        parsed = json.loads(content, object_pairs_hook=_refuse_duplicates)
    except (ValueError, RecursionError):
        raise GitOpsSecretsError(f"{name}: not a valid docker config") from None
    auths = parsed.get("auths") if isinstance(parsed, dict) else None
    if not isinstance(auths, dict):
        raise GitOpsSecretsError(f'{name}: has no "auths" object')
    return {key: read_auth_entry(entry, key, name) for key, entry in auths.items()}


def read_auth_entry(entry: object, key: str, name: str) -> Credentials:
    """Return the credentials of one ``auths`` entry; the errors are those of read_dockerconfigjson."""
    where = f"{name}: the entry for {printable(key)}"
    if not isinstance(entry, dict):
        raise GitOpsSecretsError(f"{where} is not an object")
    auth = entry.get("auth")
    username, password = entry.get("username"), entry.get("password")
    if auth:
        try:
            username, colon, password = (
                base64.b64decode(str(auth), validate=True).decode().partition(":")
            )
        except ValueError:
            raise GitOpsSecretsError(
                f"{where} has an auth that is not base64 text", _LOGIN
            ) from None
        if not colon:
            raise GitOpsSecretsError(f"{where} has an auth without a colon", _LOGIN)
        password = password.strip("\x00")
    if not username or not password:
        if entry.get("identitytoken") or entry.get("registrytoken"):
            raise GitOpsSecretsError(
                f"{where} holds only a token, which the kubelet ignores",
                "make a user name and password (or access token) at the registry, and give that",
            )
        raise GitOpsSecretsError(f"{where} holds no user name and password", _LOGIN)
    if ":" in str(username):
        raise GitOpsSecretsError(f"{where} has a colon in its user name, which no registry reads")
    return Credentials(str(username), str(password))


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError
    return result
