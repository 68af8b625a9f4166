"""What the sources of Flux log in to their registry with: Secrets, those of a ServiceAccount, or a cloud's login.

The rules are those of source-controller (internal/controller/ocirepository_controller.go, internal/helm/getter)
and of image-reflector-controller (internal/registry/options.go), which differ: with a cloud as provider,
image-reflector-controller reads no Secret, and source-controller uses the cloud only if it has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from gitops_secrets.core.flux.pulls.sources import RegistrySource
from gitops_secrets.core.flux.pulls.workloads import Name
from gitops_secrets.core.registry.image import DOCKER_HUB, Image, parse_image
from gitops_secrets.core.registry.lookup import Entry, Reader, chart_entries, entries_for
from gitops_secrets.core.registry.reference import host_of, is_docker_hub
from gitops_secrets.core.yamltext.nodes import text
from gitops_secrets.errors import UsageError

Accounts = Mapping[Name, tuple[str, ...] | None]
Held = Mapping[Name, tuple[Entry, ...] | None]
"""The entries of each pull Secret by its namespace and name, None if nothing at hand opens it."""


class Outcome(StrEnum):
    """How a source reads its registry."""

    ENTRY = "entry"
    CLOUD = "cloud"
    """With the login of a cloud; no Secret counts."""
    ANONYMOUS = "anonymous"
    FAILS = "fails"
    """Not at all: its Secret has no entry that it takes."""
    UNKNOWN = "unknown"


class Login(NamedTuple):
    """What a source logs in with."""

    source: RegistrySource
    outcome: Outcome
    secrets: tuple[str, ...]
    """The Secrets that it reads, in their order, as far as Git says."""
    entries: tuple[Entry, ...] = ()
    """The entry that it takes. Of several, which one is left to chance."""

    @property
    def reader(self) -> Reader:
        """The controller that reads it."""
        return reader_of(self.source)


def reader_of(source: RegistrySource) -> Reader:
    """Return the controller that reads *source*."""
    is_image = source.kind == "ImageRepository"
    return Reader.IMAGE_REFLECTOR if is_image else Reader.SOURCE_CONTROLLER


def login_of(source: RegistrySource, accounts: Accounts, held: Held) -> Login:
    """Return what *source* logs in with, by the *accounts* of its cluster and what the pull Secrets hold."""
    is_chart = source.kind == "HelmRepository"
    named = (source.secret,) if source.secret else ()
    account = None if is_chart else text(source.node, "spec", "serviceAccountName")
    more = accounts.get((source.namespace, account)) if account else ()
    secrets = (*named, *(more or ()))
    if source.cloud and source.kind == "ImageRepository":
        return Login(source, Outcome.CLOUD, secrets)
    entries = [held.get((source.namespace, name)) for name in secrets]
    image = image_of(source)
    if more is None or image is None or None in entries:
        return Login(source, Outcome.UNKNOWN, secrets)
    if not secrets:
        return Login(source, Outcome.CLOUD if source.cloud else Outcome.ANONYMOUS, secrets)
    known = [entry for some in entries if some is not None for entry in some]
    if is_chart:
        taken = chart_entries(image.host, known)
    else:
        taken = entries_for(image, known, reader_of(source))
    missed = Outcome.FAILS if is_chart else Outcome.ANONYMOUS
    return Login(source, Outcome.ENTRY if taken else missed, secrets, tuple(taken))


def image_of(source: RegistrySource) -> Image | None:
    """Return what *source* reads as an image, with the host as it is written; None if it reads no registry."""
    reference = source.reference
    if source.kind == "HelmRepository":
        host, _, path = reference.partition("/")
        return Image(host, path, "latest") if host else None
    try:
        image = parse_image(reference)
    except UsageError:
        return None
    host = host_of(reference)
    return image if host in (DOCKER_HUB, "index.docker.io") else image._replace(host=host)


def reads(source: RegistrySource, image: Image) -> bool:
    """Return whether *source* reads *image*, or charts among which it may be."""
    own = image_of(source)
    if own is None:
        return False
    if own.host != image.host and not (is_docker_hub(own.host) and is_docker_hub(image.host)):
        return False
    if source.kind == "HelmRepository":
        return f"{image.repository}/".startswith(f"{own.repository}/".lstrip("/"))
    return own.repository == image.repository
