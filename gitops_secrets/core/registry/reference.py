"""Registries by name, as the kubelet compares them (k8s.io/kubernetes, pkg/credentialprovider).

A scheme is optional, a path beginning /v1/ or /v2/ is dropped, ports are compared as text, ``*`` matches
within one label of the host, and Docker Hub has a key of its own.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from gitops_secrets.errors import UsageError

DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_FORM = "--registry HOST:PORT"
_HOST_LABEL = r"[a-z0-9*]([a-z0-9*_-]*[a-z0-9*])?"
_IPV6 = r"\[[0-9a-f:.]+\]"


def is_docker_hub(host: str) -> bool:
    """Return whether *host* is one of the names of Docker Hub, which lead to the same images."""
    return host in _DOCKER_HUB_HOSTS


class Registry(NamedTuple):
    """A registry by the key under which the kubelet looks its credentials up."""

    key: str

    @property
    def host(self) -> str:
        """The host[:port], which is what an image reference begins with."""
        host = normalised_key(self.key).partition("/")[0]
        return "docker.io" if host == "index.docker.io" else host

    @property
    def options(self) -> str:
        """What names it on a command line."""
        key = normalised_key(self.key)
        if "/" in key:
            return f"--registry {shlex.quote(key)} --scope path"
        return f"--registry {shlex.quote(self.host)}"


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
    if is_docker_hub(host):
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
    host = host_of(image)
    rest = image.removeprefix(f"{host}/")
    if host not in ("docker.io", "index.docker.io"):
        return matches(normalised_key(key), f"{host}/{rest}")
    name = rest if "/" in rest else f"library/{rest}"
    own = normalised_key(key)
    return own == "index.docker.io" or matches(own, f"docker.io/{name}")


def normalised_key(key: str) -> str:
    """Return *key* without its scheme, and without a path that only says which API is meant."""
    host, path = _split(re.sub(r"^https?://", "", key))
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return f"{host}{path}" if path != "/" else host


def matches(key: str, name: str) -> bool:
    """Return whether the normalised *key* is one for *name*, an image's host and repository."""
    (host, path), (there, path_there) = _split(key), _split(name)
    (labels, port), (labels_there, port_there) = _parts(host), _parts(there)
    return (
        port == port_there
        and len(labels) == len(labels_there)
        and path_there.startswith(path)
        and all(map(fnmatchcase, labels_there, labels))
    )


def _split(name: str) -> tuple[str, str]:
    host, slash, path = name.partition("/")
    return host, slash + path


def _parts(host: str) -> tuple[list[str], str]:
    """Return the labels of a host and its port, empty if it has none."""
    found = re.fullmatch(r"(?:\[([^\[\]]*)\]|([^:\[\]]*)):([^:]*)", host)
    if found is None:
        return host.split("."), ""
    return (found[1] or found[2] or "").split("."), found[3]


def host_of(image: str) -> str:
    """Return the host[:port] that *image* is pulled from."""
    there, _, name = image.partition("/")
    return there if name and ("." in there or ":" in there or there == "localhost") else "docker.io"


def find_key(keys: Iterable[str], registry: Registry) -> str | None:
    """Return the one of *keys* under which *registry* stands, however it is spelled there; None if none does."""
    keys = list(keys)
    if registry.key in keys:
        return registry.key
    for key in keys:
        try:
            if parse_registry(key, keep_path="/" in registry.key) == registry:
                return key
        except UsageError:
            continue
    return None


def refuse_duplicates(registries: Iterable[Registry]) -> None:
    """Raise UsageError if two of *registries* are one to the kubelet."""
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
