"""A registry's user name and password in chart values, tool settings, CI files and variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

import yaml

from gitops_secrets.core.guard.patterns import addresses
from gitops_secrets.core.guard.patterns.dockerconfig import HOST_KEY
from gitops_secrets.core.guard.patterns.placeholders import is_placeholder, is_placeholder_whole
from gitops_secrets.core.guard.read.encoding import from_base64
from gitops_secrets.core.guard.read.nodes import Pairs, pairs, scalar
from gitops_secrets.core.guard.record.facts import Key
from gitops_secrets.core.guard.rules.base import ENCRYPT, MOVE, Rule

RULE = Rule(
    "registry-password",
    "{object} holds a readable password for a registry",
    ENCRYPT,
    elsewhere=MOVE,
)

_REGISTRY = re.compile(
    r"(?i)registr(?:y|ies)|image-?_?(?:cred|pull)|pull-?_?secret|regcred|docker(?!file)|ghcr|harbor|quay"
    r"|dockerhub|\bacr\b|\becr\b|\bgcr\b|\boci\b"
)
_PASSWORD = re.compile(r"(?i)(?:pass(?:word|wd|phrase)?|pwd|token|identity_?token|secret_?key)")
_USER = re.compile(r"(?i)(?:user(?:_?-?name)?|login|login_?user|account|principal)")
_PLACE = re.compile(
    r"(?i)(?:registry|registries|server|host|hostname|url|address|remote_?url|login_?server|endpoint"
    r"|registry_?-?(?:url|host|server|name|address)|image)"
)
_KIND = re.compile(
    r"(?i)\w*registr(?:y|ies)(?:auth|cred|config|login|account)\w*|(?:docker|container|image|oci|harbor)registry\w*"
)
_VARIABLE = re.compile(
    r"(?i)[\w.-]*(?:registr(?:y|ies)|docker(?:_?hub)?|ghcr|harbor|quay|image_?(?:pull|cred)|pull_?secret|oci)"
    r"(?:[\w.-]*?[_.-]?)(?:password|passwd|pass|pwd|token)"
)
_TOKEN_VARIABLE = re.compile(
    r"(?:\w*(?:REGISTRY|DOCKER|GHCR|HARBOR|QUAY|OCI)\w*|(?:\w*_)?CR)_PAT|(?:\w*_)?(?:gh)?cr_pat"
)
"""A personal access token's: GitHub's documentation has CR_PAT. A pattern's name may end so too."""
_TOKEN = re.compile(
    r"(?:gh[oprsu]_|github_pat_|glpat-|dckr_pat_)[\w-]{16,}"
    r"|(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=[^0-9]*[0-9])[A-Za-z0-9_-]{20,}={0,2}",
    re.ASCII,
)
_REPOSITORY_PASSWORD = re.compile(
    r"(?i)(?P<whose>(?:[\w.-]*[_.-])?repo(?:sitory)?_?)(?:password|passwd|pass|pwd|token)"
)
_REPOSITORY_PLACE = re.compile(
    r"(?i)(?P<whose>(?:[\w.-]*[_.-])?repo(?:sitory)?_?)(?:url|host|server|address|registry)"
)

_LONGEST_NAME = 100
_LONGEST_TOKEN = 400


def is_variable(name: str, value: str) -> bool:
    """Return whether *name* is one that a registry's password goes by. Longer names are nobody's, and cost time.

    Where the name alone could as well be a pattern's, *value* has to look like a token.
    """
    if len(name) > _LONGEST_NAME:
        return False
    if _VARIABLE.fullmatch(name):
        return True
    return (
        _TOKEN_VARIABLE.fullmatch(name) is not None
        and len(value) <= _LONGEST_TOKEN
        and _TOKEN.fullmatch(value) is not None
    )


def repositories(variables: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return how the names of those *variables* begin that say where a repository is, and name a registry."""
    return frozenset(
        place["whose"].lower()
        for name, value in variables
        if len(name) <= _LONGEST_NAME
        and (place := _REPOSITORY_PLACE.fullmatch(name))
        and addresses.is_registry(value)
    )


def repository_of(name: str) -> str | None:
    """Return how *name* begins where it is that of a repository's password: which sort is said beside it."""
    found = _REPOSITORY_PASSWORD.fullmatch(name) if len(name) <= _LONGEST_NAME else None
    return found["whose"].lower() if found else None


def find(
    found: Pairs, key: Key, parents: Sequence[yaml.MappingNode]
) -> Iterator[tuple[yaml.Node, str, str]]:
    """Yield (node, key, password) for each readable password of a registry in one mapping.

    *key* is the way to the mapping and *parents* are the mappings above it.
    """
    fields = [(text, scalar(value), value) for text, _, value in found if text is not None]
    in_base64 = bool(key) and key[-1] == "data"
    variable = _variable(fields)
    if variable:
        yield variable
    yield from _literals(found)
    places = _places(fields)
    is_for_registry: bool | None = None
    for text, value, node in fields:
        if not value or len(text) > _LONGEST_NAME:
            continue
        if not (is_variable(text, value) or _is_of_repository(text, places)):
            if not _PASSWORD.fullmatch(text):
                continue
            if is_for_registry is None:
                is_for_registry = _is_for_registry(fields, key, parents)
            if not is_for_registry:
                continue
        secret = _secret(value, in_base64=in_base64)
        if secret:
            yield node, text, secret


def _places(fields: Sequence[tuple[str, str | None, yaml.Node]]) -> Callable[[], frozenset[str]]:
    """Return what asks ``repositories`` of *fields* once, however many passwords stand among them."""
    return cache(lambda: repositories((text, value) for text, value, _ in fields if value))


def _is_of_repository(name: str, places: Callable[[], frozenset[str]]) -> bool:
    whose = repository_of(name)
    return whose is not None and whose in places()


def _literals(found: Pairs) -> Iterator[tuple[yaml.Node, str, str]]:
    """Yield the passwords among the literals of a generator, of which each is KEY=VALUE."""
    by_name = {text: value for text, _, value in found}
    literals = by_name.get("literals")
    if not isinstance(literals, yaml.SequenceNode):
        return
    name = scalar(by_name["name"]) if "name" in by_name else None
    texts = [(item, *(scalar(item) or "").partition("=")[::2]) for item in literals.value]
    fields = [(key, value.strip("\"'"), item) for item, key, value in texts]
    places = _places(fields)
    is_for_registry: bool | None = None
    for key, value, item in fields:
        if not (is_variable(key, value) or _is_of_repository(key, places)):
            if not _PASSWORD.fullmatch(key):
                continue
            if is_for_registry is None:
                is_for_registry = _is_for_registry(fields, (name or "",), ())
            if not is_for_registry:
                continue
        secret = _secret(value) if value else None
        if secret:
            yield item, key, secret


def _variable(fields: list[tuple[str, str | None, yaml.Node]]) -> tuple[yaml.Node, str, str] | None:
    """Return the value of an environment variable as pods and workflows write it: name and value."""
    by_name = {text: (value, node) for text, value, node in fields}
    name, value = by_name.get("name"), by_name.get("value")
    if not (name and value and name[0] and value[0]):
        return None
    if is_variable(name[0], value[0]):
        secret = _secret(value[0])
    else:
        secret = next((found for _, found in addresses.find(value[0], (name[0],))), None)
    return (value[1], "value", secret) if secret else None


def _is_for_registry(
    fields: Sequence[tuple[str, str | None, yaml.Node]],
    key: Key,
    parents: Sequence[yaml.MappingNode],
) -> bool:
    """Return whether a user name stands beside the password, and something says that a registry is meant."""
    if not any(_USER.fullmatch(text) and value for text, value, _ in fields):
        return False
    for text, value, _ in fields:
        if _REGISTRY.fullmatch(text) and value:
            return True
        if _PLACE.fullmatch(text) and value and addresses.is_registry_host(value):
            return True
        if text in ("name", "id") and value and addresses.is_registry(value):
            return True
        if text == "kind" and value and _KIND.fullmatch(value):
            return True
    if key == ("spec",) and parents:
        kind = scalar({t: v for t, _, v in pairs(parents[-1]) if t}.get("kind"))
        if kind and _KIND.fullmatch(kind):
            return True
    near = [k for k in key[-3:] if isinstance(k, str)]
    if any(_REGISTRY.search(k) or HOST_KEY.fullmatch(k) for k in near[-2:]):
        return True
    if len(near) == 3 and near[0] in ("configs", "registries", "config") and near[2] == "auth":
        return True
    if key and key[-1] == "credentials" and parents and "image" in _names(parents[-1]):
        return True
    return _is_registry_secret(key, parents)


def _is_registry_secret(key: Key, parents: Sequence[yaml.MappingNode]) -> bool:
    if not key or key[-1] not in ("data", "stringData") or not parents:
        return False
    above = {t: v for t, _, v in pairs(parents[-1]) if t}
    if scalar(above.get("kind")) != "Secret":
        return False
    meta = above.get("metadata")
    name = (
        {t: scalar(v) for t, _, v in pairs(meta)}.get("name")
        if isinstance(meta, yaml.MappingNode)
        else None
    )
    return bool(name and _REGISTRY.search(name))


def _names(node: yaml.MappingNode) -> set[str]:
    return {t for t, _, _ in pairs(node) if t}


def _secret(value: str, *, in_base64: bool = False) -> str | None:
    if in_base64:
        decoded = from_base64(value) if len(value) % 4 == 0 else None
        if decoded is not None:
            plain = decoded.decode("latin-1").strip()
            return None if is_placeholder_whole(plain) else plain
    if value.startswith("ENC[AES256_GCM") or is_placeholder(value):
        return None
    return value
