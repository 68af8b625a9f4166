"""A registry's user name and password in chart values, tool settings, CI files and variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache

import yaml

from gitops_secrets.core.guard.patterns import addresses, headers
from gitops_secrets.core.guard.patterns.beside import (
    Fields,
    defaults_of,
    gives_a_value,
    is_password_key,
    pairs_of,
    says_registry,
)
from gitops_secrets.core.guard.patterns.harmless import are_labels, is_harmless
from gitops_secrets.core.guard.patterns.names import (
    LONGEST_NAME,
    is_spelled_as_a_variable,
    names_access_token,
    names_password,
    names_registry,
)
from gitops_secrets.core.guard.patterns.placeholders import (
    is_placeholder,
    is_placeholder_whole,
    literal_in,
)
from gitops_secrets.core.guard.read.encoding import from_base64
from gitops_secrets.core.guard.read.nodes import Pairs, pairs, scalar
from gitops_secrets.core.guard.record.facts import Key
from gitops_secrets.core.guard.rules.base import ENCRYPT_BY_NEW_RULE, MOVE, Rule

RULE = Rule(
    "registry-password",
    "{object} holds a readable password for a registry",
    ENCRYPT_BY_NEW_RULE,
    elsewhere=MOVE,
)

_TOKEN = re.compile(
    r"(?:gh[oprsu]_|github_pat_|glpat-|dckr_pat_)[\w-]{16,}"
    r"|(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=[^0-9]*[0-9])[A-Za-z0-9_-]{20,}={0,2}",
    re.ASCII,
)
_REPOSITORY_PASSWORD = re.compile(
    r"(?i)(?P<whose>(?:[\w.-]*[_.-])?repo(?:sitory)?_?)(?:password|passwd|pass|pwd|token)"
)
_REPOSITORY_PLACE = re.compile(
    r"(?i)(?P<whose>(?:[\w.-]*[_.-])?repo(?:sitory)?_?)(?:url|host|server|address|registry)?"
)

_ARGUMENT = re.compile(r"(?:\A|\s)pass(?:word)?=(?P<value>\"[^\"\n]*\"|'[^'\n]*'|\S+)")
"""How Ansible takes a module's arguments in one text."""
_LONGEST_TOKEN = 400


def is_variable(name: str, value: str) -> bool:
    """Return whether *name* is one that a registry's password goes by. Longer names are nobody's, and cost time.

    Where the name alone could as well be a pattern's, *value* has to look like a token.
    """
    if len(name) > LONGEST_NAME:
        return False
    if names_password(name):
        return True
    return (
        names_access_token(name)
        and len(value) <= _LONGEST_TOKEN
        and _TOKEN.fullmatch(value) is not None
    )


def repositories(variables: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return how the names of those *variables* begin that say where a repository is, and name a registry."""
    return frozenset(
        place["whose"].lower().rstrip("_")
        for name, value in variables
        if len(name) <= LONGEST_NAME
        and (place := _REPOSITORY_PLACE.fullmatch(name))
        and addresses.is_registry(value)
    )


def repository_of(name: str) -> str | None:
    """Return how *name* begins where it is that of a repository's password: which sort is said beside it."""
    found = _REPOSITORY_PASSWORD.fullmatch(name) if len(name) <= LONGEST_NAME else None
    return found["whose"].lower().rstrip("_") if found else None


def find(
    found: Pairs, key: Key, parents: Sequence[yaml.MappingNode]
) -> Iterator[tuple[yaml.Node, str, str]]:
    """Yield (node, key, password) for each readable password of a registry in one mapping.

    *key* is the way to the mapping and *parents* are the mappings above it.
    """
    if not any(text is not None and _may_lead_to_one(text) for text, _, _ in found):
        return
    fields = [(text, scalar(value), value) for text, _, value in found if text is not None]
    in_base64 = bool(key) and key[-1] == "data"
    yield from _variables(fields, key)
    yield from _literals(found)
    yield from _headers(fields, parents)
    places = _places(fields)
    is_for_registry: bool | None = None
    for text, value, node in fields:
        if not value or len(text) > LONGEST_NAME:
            continue
        if text.endswith("_login") and names_registry(text):
            given = _ARGUMENT.search(value)
            if given and (secret := _secret(given["value"].strip("\"'"), "password")):
                yield node, text, secret
            continue
        if not (is_variable(text, value) or _is_of_repository(text, places)):
            if not is_password_key(text):
                continue
            if is_for_registry is None:
                is_for_registry = says_registry(fields, key, parents) and not are_labels(
                    (name, value) for name, value, _ in fields if value
                )
            if not is_for_registry:
                continue
        secret = _secret(value, text, in_base64=in_base64)
        if secret:
            yield node, text, secret


def _may_lead_to_one(name: str) -> bool:
    """Return whether a mapping with the key *name* may hold a password: most of the mappings of a cluster cannot."""
    return gives_a_value(name) if len(name) > LONGEST_NAME else _is_looked_at(name)


@lru_cache(maxsize=16_384)
def _is_looked_at(name: str) -> bool:
    return (
        gives_a_value(name)
        or name == "literals"
        or name.casefold() == "authorization"
        or name.endswith("_login")
        or names_password(name)
        or names_access_token(name)
        or repository_of(name) is not None
        or is_password_key(name)
    )


def _headers(
    fields: Fields, parents: Sequence[yaml.MappingNode]
) -> Iterator[tuple[yaml.Node, str, str]]:
    """Yield the passwords in headers of basic authorization, if an address of a registry stands beside or above."""
    nodes = {text: node for text, value, node in fields if value}
    if not any(text.casefold() == "authorization" for text in nodes):
        return
    above = (scalar(value) for parent in parents for _, _, value in pairs(parent))
    around = [text for text in (*(value for _, value, _ in fields), *above) if text]
    given = [(text, value) for text, value, _ in fields if value]
    for name, secret in headers.in_fields(given, around):
        yield nodes[name], name, secret


def _places(fields: Fields) -> Callable[[], frozenset[str]]:
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
            if not is_password_key(key):
                continue
            if is_for_registry is None:
                is_for_registry = says_registry(fields, (name or "",), ())
            if not is_for_registry:
                continue
        secret = _secret(value, key) if value else None
        if secret:
            yield item, key, secret


def _variables(fields: Fields, key: Key) -> Iterator[tuple[yaml.Node, str, str]]:
    """Yield the values of variables whose name stands in a field of its own, or leads to the fields.

    Pods, workflows, templates and parameters of pipelines are written so.
    """
    for name, value, node in pairs_of(fields):
        if is_spelled_as_a_variable(name) and is_variable(name, value):
            secret = _secret(value, name)
        else:
            secret = next((found for _, found in addresses.find(value, (name,))), None)
        if secret:
            yield node, "value", secret
    step = key[-1] if key else None
    if isinstance(step, str) and is_spelled_as_a_variable(step) and names_password(step):
        for text, value, node in defaults_of(fields):
            secret = _secret(value, step)
            if secret:
                yield node, text, secret


def _secret(value: str, name: str, *, in_base64: bool = False) -> str | None:
    if in_base64:
        decoded = from_base64(value) if len(value) % 4 == 0 else None
        if decoded is not None:
            plain = decoded.decode("latin-1").strip()
            return None if is_placeholder_whole(plain) or is_harmless(name, plain) else plain
    if value.startswith("ENC[AES256_GCM") or is_placeholder(value):
        return None
    value = literal_in(value)
    return None if is_harmless(name, value) else value
