"""What stands beside a user name and a password, and says that both are a registry's.

A key or a host that names a registry, the kind of the object, the way to the mapping, or the tool that is
given both: a step of CI, a node's settings, an operator's Secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import yaml

from gitops_secrets.core.guard.patterns import addresses
from gitops_secrets.core.guard.patterns.dockerconfig import HOST_KEY
from gitops_secrets.core.guard.patterns.names import (
    names_another_trade,
    names_registry,
    unqualified,
)
from gitops_secrets.core.guard.read.encoding import from_base64
from gitops_secrets.core.guard.read.nodes import named, scalar
from gitops_secrets.core.guard.record.facts import Key

Fields = Sequence[tuple[str, str | None, yaml.Node]]
"""Key, text and node of each entry of a mapping."""

_PASSWORDS = frozenset(
    {"pass", "password", "passwd", "passphrase", "pwd", "token", "identitytoken", "accesstoken", "secretkey"}
)  # fmt: skip
_USERS = frozenset(
    {
        "user",
        "username",
        "login",
        "loginuser",
        "account",
        "accountname",
        "principal",
        "serviceprincipalid",
    }
)
_REGISTRIES = frozenset(
    {"registry", "registries", "docker", "dockerhub", "ghcr", "harbor", "quay", "acr", "ecr", "gcr", "oci",
     "dockerserver", "dockerregistry", "dockerregistryendpoint", "containerregistry", "ociregistry", "loginserver",
     "serveraddress", "registryserver", "registryhost", "registrytype"}
)  # fmt: skip
"""Keys that a registry's alone are called: their value may be any host."""
_PLACES = frozenset(
    {"registry", "registries", "server", "host", "hostname", "url", "address", "remoteurl", "endpoint",
     "registryurl", "registryname", "registryaddress", "image", "matchhost", "repository", "repo", "repourl",
     "repositoryurl", "domain", "baseurl", "target"}
)  # fmt: skip
_TITLES = frozenset({"name", "id", "description", "credentialsid", "title"})
_KINDS = frozenset({"kind", "type", "hosttype", "registrytype", "provider"})
_KIND = re.compile(
    r"(?i)\w*registr(?:y|ies)(?:auth|cred|config|login|account)\w*|(?:docker|container|image|oci|harbor)registry\w*"
    r"|(?:docker|container|oci)[_-](?:registry|hub|image)|registry-image|dockerhub|harbor|ghcr|quay|ecr|acr|gcr"
)
_IMAGES = frozenset({"docker", "oci"})
"""Data sources of Renovate: elsewhere ``docker`` may be a host on which containers run."""
_STEP = re.compile(
    r"(?i)docker|podman|kaniko|buildah|buildx|registry|ghcr|quay|harbor|oras|skopeo|crane|container"
    r"|(?<![a-z])(?:acr|ecr|gcr|oci)(?![a-z])"
)
_NO_STEP = re.compile(
    r"(?i)docker[-_]?(?:compose|machine|swarm|stack)|schema|npm|pypi|maven|nuget|helm-?repo"
)
_OF_IMAGES = frozenset({"credentials", "imagepullcredentials", "registryauth"})
_SIGN = re.compile(r"[-_. ]")
_CUT = re.compile(r"[_.-]\s|\s[_.-]")
"""A sign beside a blank is in no name: the byte filter knows names with one or the other."""
_ARGO_TYPE = "argocd.argoproj.io/secret-type"
_TEKTON = "tekton.dev/docker-"


def flat(key: str) -> str:
    """Return *key* in small letters and without what stands between its words."""
    return _SIGN.sub("", key).lower()


def is_password_key(key: str) -> bool:
    """Return whether *key* says that its value is a password, and not whose."""
    if _CUT.search(key):
        return False
    return flat(key) in _PASSWORDS or flat(unqualified(key)) in _PASSWORDS


def says_registry(fields: Fields, key: Key, parents: Sequence[yaml.MappingNode]) -> bool:
    """Return whether a user name stands among *fields*, and something says that a registry is meant.

    *key* is the way to the mapping that has the *fields*, and *parents* are the mappings above it.
    """
    if not any(flat(text) in _USERS and value for text, value, _ in fields):
        return False
    above = named(parents[-1]) if parents else {}
    if _is_secret_data(key, above):
        plain = [(flat(text), _decoded(value)) for text, value, _ in fields if value]
        return _of_fields(plain) or _of_secret(plain, above)
    plain = [(flat(text), value) for text, value, _ in fields if value]
    return _of_fields(plain) or _of_way(key, above) or _of_tool(dict(plain), key, above)


def _of_fields(fields: Sequence[tuple[str, str]]) -> bool:
    return any(_tells(name, value) for name, value in fields)


def _tells(name: str, value: str) -> bool:
    if name in _REGISTRIES and not addresses.is_of_another_trade(value):
        return True
    if name in _PLACES:
        return addresses.is_registry_host(value) and not addresses.is_of_another_trade(value)
    if name in _TITLES:
        return addresses.is_registry(value) or _is_title(value)
    if name in _KINDS:
        return _KIND.fullmatch(value) is not None or (name == "hosttype" and value in _IMAGES)
    return name == "enableoci" and value.lower() == "true"


def _is_title(value: str) -> bool:
    """Return whether *value*, a name that somebody chose, speaks of a registry: ``docker`` alone may be a host."""
    words = _SIGN.sub("-", value.lower()).split("-")
    if not names_registry(value) or len(words) > _MOST_WORDS:
        return False
    return words != ["docker"] and (
        not {"host", "hosts", "node", "server", "vm"} & set(words) or "registry" in words
    )


_MOST_WORDS = 8


def _of_way(key: Key, above: Mapping[str, yaml.Node]) -> bool:
    """Return whether the way to a mapping says that it is about a registry."""
    if key == ("spec",) and _KIND.fullmatch(scalar(above.get("kind")) or ""):
        return True
    near = [step for step in key[-3:] if isinstance(step, str)]
    if any(map(names_another_trade, near)):
        return False
    if any(
        names_registry(step) or (HOST_KEY.fullmatch(step) and addresses.is_registry_host(step))
        for step in near[-2:]
    ):
        return True
    return len(near) == 3 and near[0] in ("configs", "registries", "config") and near[2] == "auth"


def _of_tool(fields: Mapping[str, str], key: Key, above: Mapping[str, yaml.Node]) -> bool:
    """Return whether a tool that pulls or pushes images is given the mapping at *key*."""
    if _is_step(fields.get("image", "")):
        return True  # Drone before its first version
    step = key[-1] if key else None
    if step == "with":
        return _is_step(scalar(above.get("uses")) or "")
    if step in ("settings", "source", "config"):
        told = scalar(above.get("image")) or scalar(above.get("type")) or ""
        return _is_step(told) and (step == "settings" or _KIND.fullmatch(told) is not None)
    if step == "image":
        return "name" in fields
    if step == "usernamePassword":
        return any(names_registry(fields.get(name, "")) for name in _TITLES)
    return isinstance(step, str) and flat(step) in _OF_IMAGES and "image" in above


def _is_step(used: str) -> bool:
    """Return whether *used*, the image or action of a step, is one that logs in to a registry."""
    return (
        ("/" in used or _KIND.fullmatch(used) is not None)
        and _STEP.search(used) is not None
        and not _NO_STEP.search(used)
    )


def _is_secret_data(key: Key, above: Mapping[str, yaml.Node]) -> bool:
    return bool(key) and key[-1] in ("data", "stringData") and scalar(above.get("kind")) == "Secret"


def _decoded(value: str) -> str:
    decoded = from_base64(value, shortest=4) if len(value) % 4 == 0 else None
    text = decoded.decode("latin-1").strip() if decoded is not None else ""
    return text if text.isprintable() and text else value


def _of_secret(fields: Sequence[tuple[str, str]], above: Mapping[str, yaml.Node]) -> bool:
    """Return whether the Secret *above* a mapping is called after a registry, or is an operator's for one."""
    meta = named(above.get("metadata"))
    if names_registry(scalar(meta.get("name")) or ""):
        return True
    if any(text.startswith(_TEKTON) for text in named(meta.get("annotations"))):
        return True
    held = dict(fields)
    return (
        _ARGO_TYPE in named(meta.get("labels"))
        and held.get("type") in ("oci", "helm")
        and any(addresses.is_registry(v) for n, v in fields if n == "url")
    )


def pairs_of(fields: Fields) -> Iterator[tuple[str, str, yaml.Node]]:
    """Yield name, value and the value's node, if *fields* give a variable's name and its value apart."""
    by_name = {flat(text): (value, node) for text, value, node in fields}
    names = [value for n in _NAME_FIELDS if n in by_name and (value := by_name[n][0])]
    for field in _VALUE_FIELDS if names else ():
        value, node = by_name.get(field, (None, None))
        if value and node is not None:
            yield names[0], value, node


_NAME_FIELDS = ("name", "key", "variable", "parameterkey", "envvar")
_VALUE_FIELDS = ("value", "default", "defaultvalue", "parametervalue")


def gives_a_value(field: str) -> bool:
    """Return whether *field* has the value of a variable whose name stands in another field, or leads to it."""
    return flat(field) in _VALUE_FIELDS


def defaults_of(fields: Fields) -> Iterator[tuple[str, str, yaml.Node]]:
    """Yield key, value and node of what *fields*, which describe the variable that leads to them, give it."""
    for text, value, node in fields:
        if gives_a_value(text) and value:
            yield text, value, node
