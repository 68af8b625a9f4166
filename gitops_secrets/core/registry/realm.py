"""Where a credential may be sent: the registry's own origin, and realms that the user named."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from gitops_secrets.core.registry.reference import parse_registry
from gitops_secrets.errors import UsageError

_PORTS = {"https": 443, "http": 80}
_KNOWN: Mapping[str, str] = {
    "registry-1.docker.io": "auth.docker.io",
    "registry.gitlab.com": "gitlab.com",
}
"""The realms of registries whose owner documents them, on another host than the registry."""


class Origin(NamedTuple):
    """Scheme, host and port: what a credential is sent to."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """host[:port], without the port that the scheme has by default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if _PORTS[self.scheme] == self.port else f"{host}:{self.port}"

    @property
    def is_private_address(self) -> bool:
        """Whether the host is an IP address that is private, loopback or link-local."""
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return address.is_private or address.is_loopback or address.is_link_local


class Trust(NamedTuple):
    """The hosts that the user named on the command line or in their own settings."""

    realms: frozenset[str] = frozenset()
    """host[:port] of realms that may get the credential."""
    plain: frozenset[str] = frozenset()
    """host[:port] of what is asked without TLS."""

    def origin_of(self, endpoint: str) -> Origin:
        """Return the origin of the registry at *endpoint*, a host[:port]: over TLS unless the user named it."""
        scheme = "http" if endpoint in self.plain else "https"
        found = parse_origin(f"{scheme}://{endpoint}/")
        assert found is not None
        return found


class RealmProblem(StrEnum):
    """Why a credential is not sent to a realm."""

    INVALID = "realm-invalid"
    WITHOUT_TLS = "realm-without-tls"
    ELSEWHERE = "realm-elsewhere"


def parse_origin(url: str) -> Origin | None:
    """Return the origin of *url*; None if it is not an http address, or names a user."""
    if not re.fullmatch(r"[\x21-\x7e]+", url) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or "%" in parts.netloc:
        return None
    return Origin(
        parts.scheme, host.rstrip("."), port if port is not None else _PORTS[parts.scheme]
    )


def judge_realm(realm: str, registry: Origin, trust: Trust) -> RealmProblem | None:
    """Return why the credential of *registry* is not sent to the address *realm*, None if it may be."""
    origin = parse_origin(realm)
    if origin is None:
        return RealmProblem.INVALID
    if origin.scheme == "http" and origin.netloc not in trust.plain:
        return RealmProblem.WITHOUT_TLS
    if origin == registry or origin.netloc in trust.realms:
        return None
    if origin.scheme == "https" and origin.netloc == _KNOWN.get(registry.netloc):
        return None
    return RealmProblem.ELSEWHERE


def parse_endpoint(url: str, trust: Trust) -> tuple[Origin, str]:
    """Return the origin of the API at *url*, and what is behind it, without slashes at its ends.

    Raises UsageError if it is no address, names a user, or has no TLS and *trust* does not name it.
    """
    origin = parse_origin(url)
    parts = urlsplit(url) if origin is not None else None
    if origin is None or parts is None or parts.query or parts.fragment:
        raise UsageError(
            "--endpoint is not an address of an API", "--endpoint https://git.example.com"
        )
    if origin.scheme == "http" and origin.netloc not in trust.plain:
        raise UsageError(
            f"--endpoint has no TLS, and others could read the credential that mints: {origin.netloc}",
            f"--plain-http {origin.netloc}",
        )
    return origin, parts.path.strip("/")


def parse_hosts(values: Iterable[str], option: str) -> frozenset[str]:
    """Return the hosts that *option* names. Raises UsageError for what is no host[:port]."""
    found = set()
    for value in values:
        host = parse_registry(value).host
        if "*" in host or "/" in value:
            raise UsageError(f"{option} takes a host with an optional port", f"{option} HOST:PORT")
        found.add(host)
    return frozenset(found)
