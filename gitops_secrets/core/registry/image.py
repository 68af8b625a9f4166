"""An image by its name: which registry is asked, and for which manifest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from gitops_secrets.core.registry.reference import (
    Registry,
    covers,
    host_of,
    parse_registry,
    printable,
)
from gitops_secrets.errors import UsageError

DOCKER_HUB = "docker.io"
_HUB_ENDPOINT = "registry-1.docker.io"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,}")


class Image(NamedTuple):
    """An image in a registry, as containerd resolves its name."""

    host: str
    """host[:port], as in a pull Secret."""
    repository: str
    reference: str
    """A tag or a digest."""

    @property
    def endpoint(self) -> str:
        """The host[:port] that answers for it."""
        return endpoint_of(self.host)

    @property
    def name(self) -> str:
        """Its whole name."""
        mark = "@" if ":" in self.reference else ":"
        return f"{self.host}/{self.repository}{mark}{self.reference}"


def endpoint_of(host: str) -> str:
    """Return the host[:port] that answers for the registry *host*: Docker Hub's is another one."""
    return _HUB_ENDPOINT if host == DOCKER_HUB else host


def parse_image(value: str) -> Image:
    """Return the image *value*; its tag is ``latest`` if it names none. Raises UsageError for what is no image."""
    shown = printable(value)
    host = host_of(value)
    rest = value[len(host) + 1 :] if value.startswith(f"{host}/") else value
    rest, at, digest = rest.partition("@")
    repository, colon, tag = rest.partition(":")
    if host in (DOCKER_HUB, "index.docker.io") and "/" not in repository:
        repository = f"library/{repository}"
    wrong = (
        not _REPOSITORY.fullmatch(repository)
        or (colon and not _TAG.fullmatch(tag))
        or (at and not _DIGEST.fullmatch(digest))
        or "*" in host
    )
    if wrong:
        raise UsageError(
            f"{shown} is not an image", "registry.example.com:5000/team/app:1.2, for example"
        )
    # Nobody who looks an entry up takes the host behind Docker Hub for Docker Hub.
    named = host if host == _HUB_ENDPOINT else parse_registry(host).host
    return Image(named, repository, digest or tag or "latest")


def images_at(references: Iterable[str], key: str) -> tuple[Image, ...]:
    """Return the images among *references* at the very host of *key*, an entry that covers them; those with a version first.

    A key with a glob has no host of its own: an image that stands in Git is never what decides who is asked.
    """
    found: dict[Image, bool] = {}
    for reference in references:
        try:
            image = parse_image(reference)
        except UsageError:
            continue
        if image.host == Registry(key).host and covers(key, image.name):
            has_version = ":" in reference.rpartition("/")[2]
            found[image] = found.get(image, False) or has_version
    return tuple(sorted(found, key=lambda image: not found[image]))
