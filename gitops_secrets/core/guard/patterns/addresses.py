"""A registry's user name and password in an address: ``https://robot:PASSWORD@registry.example.com/v2/``.

Databases, queues, proxies, Git remotes and package indexes are addressed in the same way, and are none
of this tool's business. An address counts where its scheme, host or path is a registry's, or the name
of what holds it says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from gitops_secrets.core.guard.patterns.placeholders import is_placeholder
from gitops_secrets.core.guard.read.composing import LimitError

_REGISTRY_HOST = re.compile(
    r"(?i)^oci://|\b(?:ghcr\.io|docker\.io|quay\.io|gcr\.io|azurecr\.io|pkg\.dev|amazonaws\.com|icr\.io"
    r"|registry\.[\w.-]+|[\w.-]*(?:registry|harbor|docker|nexus|artifactory)[\w.-]*\.[a-z]{2,})\b"
)
_ADDRESS = re.compile(
    r"://(?:\{\{[^{}\n/@]{0,100}\}\}|\$\{[^{}\n/@]{0,100}\}|[^\s/?#@:\"'`\\]){1,64}+"
    r":(?P<password>[^\s/?#\"'`<>\\]{1,1024})@"
    r"(?P<host>[\w.${}-]{1,100}|\[[0-9a-fA-F:.]{2,45}\])(?P<port>:[0-9]{1,5})?(?P<path>/[^\s\"'`<>]{0,300})?"
)
"""A user's variable is taken whole: the colon in ``${USER:-robot}`` ends no user name."""
_PLACE = re.compile(
    r"(?:(?P<scheme>https?|oci)://)?(?P<host>[\w.-]{1,100})(?P<port>:[0-9]{1,5})?(?P<path>/\S{0,300})?\Z"
)
_SCHEME = re.compile(r"(?i)(?<![a-z+])(?:(?P<web>https?)|oci|docker)\Z")
_LONGEST_SCHEME = 7
_CLUSTER_HOST = re.compile(r"(?i)[\w-]*(?:registry|harbor)[\w-]*")
"""A Service of the same namespace has a name of one label."""
_GENERAL_HOST = re.compile(r"(?i)amazonaws\.com|pkg\.dev|nexus|artifactory")
_IMAGES = re.compile(r"(?i)(?<![a-z])(?:ecr|docker|oci|containers?|images?)(?![a-z])")
_OTHER_TRADE = re.compile(
    r"(?i)proxy|schema|npm|pypi|maven|nuget|terraform|apicurio|eureka|docker\.internal|docker\.for\."
    r"|(?<![a-z])(?:api|cargo|composer|conda|database|db|elastic|elasticsearch|gems?|kafka|metrics|models?"
    r"|modules?|packages?|plugins?|postgres|postgresql|python|redis|service[_-]registry|yarn)(?![a-z])"
)
_OTHER_PATH = re.compile(
    r"(?i)npm|pypi|maven|nuget|/(?:simple|gems?|cargo|conda|composer|go|raw|apt|deb|rpm|yum)(?:/|-|$)|\.git(?:/|$)"
)
_API_ROOT = re.compile(r"/v2/?")
"""Of many a service; it counts at the port that a registry has by default."""
_REGISTRY_PORT = ":5000"
_DOCKER_API = frozenset({":2375", ":2376"})
_API = re.compile(r"/v2/_catalog.*|/v2/\S+/(?:tags/list|manifests/|blobs/|referrers/).*")
_NAMED = re.compile(
    r"(?i)(?:[\w.-]*[_.-])?(?:(?:ci|docker|container|oci|image|harbor|ghcr|quay)[\w-]{0,40}registr(?:y|ies)"
    r"|(?:docker(?:[_-]?hub)?|harbor|ghcr|quay)[_-]?(?:url|host|server|mirror|address|endpoint|remote|repo(?:sitory)?)"
    r"|(?:registry_)(?:url|host|server|address|endpoint|mirror)|registry-mirrors?)"
)
"""A bare ``registry``, and a ``registry-url``, are rather a package index's."""
_GIT_HOST = re.compile(
    r"(?i)(?<![a-z])(?:git|github|gitlab|gitea|forgejo|codeberg|bitbucket)(?![a-z])"
)
_MIRROR = ("mirrors", "endpoint")
"""The keys of k3s, RKE2 and Talos that lead to a mirror's address."""
_WORD_END = re.compile(r"[^\w.-]")
_FILLED_IN = re.compile(r"\{[^{}]*\}|\$[A-Za-z_][\w.]*")
"""What a program's string or a shell's has in the place of a password."""
_AROUND = ".,;)]}\\"
"""What stands behind an address, and is no part of it."""
_SHORTEST = 6
_LONGEST_HOST = 500
"""Of characters that are looked at: DNS has no name over 253, and a path may stand behind it."""
_BEFORE = 120
_MAX_ADDRESSES = 100_000


def is_registry_host(host: str) -> bool:
    """Return whether *host* is named as registries are."""
    return _REGISTRY_HOST.search(host[:_LONGEST_HOST]) is not None


def is_registry(place: str) -> bool:
    """Return whether *place*, an address with or without a scheme, is a registry's and nobody else's."""
    match = _PLACE.match(place)
    return match is not None and (match["scheme"] == "oci" or _is_registry(match, ()))


def is_of_another_trade(place: str) -> bool:
    """Return whether *place*, a host or an address, is that of a database, an index of packages or the like."""
    return _OTHER_TRADE.search(place) is not None or _OTHER_PATH.search(place) is not None


def find(text: str, names: Sequence[str] = ()) -> Iterator[tuple[int, str]]:
    """Yield the offset and the password of each registry's address in *text* that gives one away.

    *names* are what the whole of *text* is called, as the keys that lead to it do. Raises LimitError
    where there are too many addresses to look at each.
    """
    if "://" not in text or "@" not in text:
        return
    for count, match in enumerate(_ADDRESS.finditer(text)):
        if count == _MAX_ADDRESSES:
            raise LimitError(f"it holds more than {_MAX_ADDRESSES} addresses with a password")
        scheme = _SCHEME.search(text, max(0, match.start() - _LONGEST_SCHEME), match.start())
        if (
            scheme
            and (not scheme["web"] or _is_registry(match, (*names, _name(text, scheme.start()))))
            and is_password(match["password"])
        ):
            yield match.start("password"), match["password"]


def _name(text: str, at: int) -> str:
    """Return the word ahead of the value that begins at *at*: a variable's name, a key or a flag."""
    before = text[max(0, at - _BEFORE) : at].rpartition("\n")[2]
    return _WORD_END.split(before.rstrip(" \t\"'[(=:>?"))[-1].lstrip("-")


def _is_registry(address: re.Match[str], names: Sequence[str]) -> bool:
    host, path = address["host"], (address["path"] or "").rstrip(_AROUND)
    if _OTHER_TRADE.search(host) or any(_OTHER_TRADE.search(name) for name in names):
        return False
    if _API.fullmatch(path) or (address["port"] == _REGISTRY_PORT and _API_ROOT.fullmatch(path)):
        return True
    if _OTHER_PATH.search(path) or address["port"] in _DOCKER_API:
        return False
    if _is_named(names) and not _GIT_HOST.search(host):
        return True
    if _GENERAL_HOST.search(host):
        return _IMAGES.search(host + path) is not None
    return is_registry_host(host) or _CLUSTER_HOST.fullmatch(host) is not None


def _is_named(names: Sequence[str]) -> bool:
    return any(_NAMED.fullmatch(name) for name in names) or all(key in names for key in _MIRROR)


def is_password(password: str) -> bool:
    """Return whether *password* is one, with its percent signs read or not, and nothing in its place."""
    return all(
        len(said) >= _SHORTEST and not _FILLED_IN.fullmatch(said) and not is_placeholder(said)
        for said in (password, unquote(password))
    )
