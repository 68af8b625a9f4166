"""Which entries of pull Secrets are tried for an image, as the kubelet and as Flux's own library look them up.

Both sort the keys in reverse, so that a key with a path comes before its host. The kubelet tries every entry
that matches, in that order (Kubernetes, pkg/credentialprovider/keyring.go); Flux's library, go-containerregistry,
takes the first and no other (pkg/authn/kubernetes/keychain.go). They also name Docker Hub differently. For charts,
source-controller has the library of docker's command line, which compares hosts only.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from gitops_secrets.core.registry.image import DOCKER_HUB, Image
from gitops_secrets.core.registry.reference import DOCKER_HUB_KEY, matches, normalised_key

_HUB_HOST = "index.docker.io"


class Reader(StrEnum):
    """Who looks an entry up."""

    KUBELET = "kubelet"
    SOURCE_CONTROLLER = "source-controller"
    IMAGE_REFLECTOR = "image-reflector"


class Entry(NamedTuple):
    """One entry of a pull Secret."""

    secret: str
    key: str
    """As it is spelled there."""
    user: str


def entries_for(image: Image, entries: Sequence[Entry], reader: Reader) -> list[Entry]:
    """Return those of *entries* that *reader* tries for *image*, in its order.

    *entries* are in the order of the Secrets. Of two keys in one Secret that mean the same, which one comes
    first is left to chance by both.
    """
    is_hub = image.host == DOCKER_HUB
    host = _HUB_HOST if is_hub and reader is not Reader.KUBELET else image.host
    by_key: dict[str, list[Entry]] = {}
    for entry in entries:
        by_key.setdefault(normalised_key(entry.key), []).append(entry)
    name = f"{host}/{image.repository}"
    matching = [key for key in sorted(by_key, reverse=True) if matches(key, name)]
    found = [entry for key in matching for entry in by_key[key]]
    if reader is not Reader.KUBELET:
        return found[:1]
    return found or (by_key.get(_HUB_HOST, []) if is_hub else [])


def chart_entries(host: str, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entry that source-controller takes for charts at *host*, of the *entries* of one Secret.

    A key with a scheme or a path counts if its host is the same. If several do, and none is the host itself, all are
    returned: which one is taken is left to chance. Docker Hub has its own key in one spelling, for one of its names.
    """
    if host in (DOCKER_HUB, _HUB_HOST):
        return [entry for entry in entries if host == _HUB_HOST and entry.key == DOCKER_HUB_KEY]
    exact = [entry for entry in entries if entry.key == host]
    return exact or [entry for entry in entries if _hostname(entry.key) == host]


def _hostname(key: str) -> str:
    return (key.partition("://")[2] or key).partition("/")[0]
