"""Registries, their credentials, and the docker config JSON that a pull Secret holds.

Keys are written as the kubelet reads them (k8s.io/kubernetes, pkg/credentialprovider): a scheme is
optional, a path beginning /v1/ or /v2/ is dropped, ports are compared as text, ``*`` matches within
one label of the host, and Docker Hub has a key of its own.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from gitops_secrets.errors import GitOpsSecretsError, UsageError

_LOGIN = "log in to it again with docker login, which writes the entry anew"
DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_FORM = "--registry registry.example.com, or with its port: --registry registry.example.com:5000"
_HOST_LABEL = r"[a-z0-9*]([a-z0-9*_-]*[a-z0-9*])?"
_IPV6 = r"\[[0-9a-f:.]+\]"


class Credentials(NamedTuple):
    """A user name and a password for one registry. The password never shows in a repr."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.username!r}, ...)"


class Registry(NamedTuple):
    """A registry by the key under which the kubelet looks its credentials up."""

    key: str

    @property
    def host(self) -> str:
        """The host[:port], which is what an image reference begins with."""
        return "docker.io" if self.key == DOCKER_HUB_KEY else self.key.split("/", 1)[0]


def parse_registry(value: str, *, keep_path: bool = False) -> Registry:
    """Return the registry that a person means by *value*.

    The key is host[:port]; *keep_path* keeps the path behind it, as Flux does. Raises UsageError for
    what the kubelet would never match.
    """
    shown = printable(value)
    if any(ord(c) < 0x21 or ord(c) == 0x7F for c in value):
        raise UsageError(f"registry {shown} holds a space or a control character", _FORM)
    rest = re.sub(r"^https?://", "", value, flags=re.IGNORECASE)
    if "@" in rest:
        raise UsageError(
            "a registry holds no user name or password",
            "give them with --registry-creds-stdin, or one of the other credential sources",
        )
    if "://" in rest or "?" in rest or "#" in rest:
        raise UsageError(f"registry {shown} is not a host with an optional port and path", _FORM)
    host, slash, path = rest.partition("/")
    host = host.lower()
    _check_host(host, shown)
    if host in _DOCKER_HUB_HOSTS:
        return Registry(DOCKER_HUB_KEY)
    if path in ("v1", "v2"):
        raise UsageError(
            f"registry {shown} is matched by no image: the kubelet drops /{path}/, not /{path}",
            f"--registry {host}",
        )
    path = re.sub(r"^v[12]/", "", path).rstrip("/")
    if keep_path and ":" in path:
        raise UsageError(
            f"registry {shown} has a tag in its path, and the kubelet compares names without",
            f"--registry {host}/{path.partition(':')[0]} --scope path",
        )
    return Registry(f"{host}/{path}" if keep_path and slash and path else host)


def _check_host(host: str, shown: str) -> None:
    name, port = host, None
    if re.match(_IPV6, host):
        name, _, port_text = host.partition("]")
        port = port_text[1:] if port_text.startswith(":") else (None if not port_text else "")
        name += "]"
    elif ":" in host:
        name, _, port = host.partition(":")
    if port is not None and "*" in port:
        raise UsageError(
            f"registry {shown} has a glob in its port, and the kubelet compares ports as text",
            "give each port with a --registry of its own",
        )
    if port is not None and not (re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) < 65536):
        raise UsageError(f"registry {shown} has a port that is not a number from 1 to 65535", _FORM)
    labels = name.split(".")
    if not re.fullmatch(_IPV6, name) and not all(
        re.fullmatch(_HOST_LABEL, label) for label in labels
    ):
        raise UsageError(f"registry {shown} does not begin with a host name", _FORM)


def covers(key: str, image: str) -> bool:
    """Return whether the kubelet would try the entry *key* of a docker config for *image*.

    Hosts are compared label by label, each with its globs, ports as text, and a path as a plain prefix.
    """
    rest = re.sub(r"^https?://", "", key)
    host, _, path = rest.partition("/")
    path = re.sub(r"^v[12](?:/|$)", "", path).strip("/")
    there, _, name = image.partition("/")
    if not name or not ("." in there or ":" in there or there == "localhost"):
        there, name = "index.docker.io", image
    if there == "docker.io":
        there = "index.docker.io"
    (host, _, port), (there, _, port_there) = host.partition(":"), there.partition(":")
    labels, labels_there = host.split("."), there.split(".")
    return (
        port == port_there
        and len(labels) == len(labels_there)
        and all(map(fnmatchcase, labels_there, labels))
        and name.startswith(path)
    )


def host_of(image: str) -> str:
    """Return the host[:port] that *image* is pulled from."""
    there, _, name = image.partition("/")
    return there if name and ("." in there or ":" in there or there == "localhost") else "docker.io"


def parse_credentials(value: str, source: str) -> Credentials:
    """Return the credentials in *value*, split at its first colon.

    *source* names where it came from, for the error: the value itself is never quoted.
    """
    username, colon, password = value.partition(":")
    if not colon or not username or not password:
        missing = "colon" if not colon else ("user name" if not username else "password")
        raise UsageError(
            f"the credentials from {source} have no {missing}", "the form is USER:PASSWORD"
        )
    if not _is_utf8(value):
        raise UsageError(f"the credentials from {source} are not UTF-8 text")
    if value.startswith("\ufeff") or "\0" in value:
        what = "hold a NUL" if "\0" in value else "begin with a byte order mark"
        raise UsageError(
            f"the credentials from {source} {what}, which no registry takes",
            "save them as UTF-8 text without a byte order mark",
        )
    return Credentials(username, password)


def _is_utf8(value: str) -> bool:
    """Return whether *value* is text: what came from outside and is none holds lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def strip_one_newline(content: bytes, source: str) -> str:
    """Return *content* as text, less one trailing newline. Raises UsageError where it is not UTF-8."""
    try:
        value = content.decode()
    except UnicodeDecodeError:
        raise UsageError(f"the credentials from {source} are not UTF-8 text") from None
    if value.endswith("\r\n"):
        return value[:-2]
    return value.removesuffix("\n")


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


def refuse_duplicates(registries: Iterable[Registry]) -> None:
    """Raise UsageError where two of *registries* are one to the kubelet."""
    seen: set[str] = set()
    for registry in registries:
        if registry.key in seen:
            raise UsageError(
                f"registry {registry.key} is given twice",
                "give each registry once, or tell two paths of one host apart with --scope path",
            )
        seen.add(registry.key)


def printable(value: str) -> str:
    """Return *value* quoted, with everything unprintable escaped, fit for one line of a terminal."""
    return ascii(value) if not value.isprintable() else f'"{value}"'


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError
    return result
