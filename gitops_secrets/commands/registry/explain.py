"""explain: which entries are tried for an image, by whom and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.commands.registry.finding import see
from gitops_secrets.commands.registry.opened import open_pull_secrets
from gitops_secrets.commands.registry.shown import shown_user
from gitops_secrets.commands.repository.clusters import Choice
from gitops_secrets.core.flux.pulls.secrets import PullSecret, pull_secrets
from gitops_secrets.core.flux.suggesting import bootstrap_of
from gitops_secrets.core.registry.image import Image
from gitops_secrets.core.registry.lookup import Entry, Reader, entries_for
from gitops_secrets.errors import GitOpsSecretsError


class Request(NamedTuple):
    """What the user asks of registry explain."""

    repository: Path
    choice: Choice
    secret: str | None
    """The name of the pull Secrets; None for all of a namespace."""
    image: Image
    readers: Sequence[Reader]
    identity_file: Path | None = None
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""


class Explained(NamedTuple):
    """What the pull Secrets of one namespace give for the image."""

    cluster: str
    namespace: str
    secrets: tuple[str, ...]
    unopened: tuple[str, ...]
    """The files that no identity at hand opens: their entries are not known."""
    tried: dict[Reader, tuple[Entry, ...]]


def explain(request: Request) -> tuple[Explained, ...]:
    """Return for each namespace with pull Secrets which of their entries are tried, if a pod names them all.

    No connection is opened. Raises GitOpsSecretsError if there is no pull Secret.
    """
    repository = open_repository(request.repository)
    request.progress("reading the work tree")
    seen = see(repository, request.choice)
    request.progress("decrypting the pull Secrets")
    opened = open_pull_secrets(seen.view, request.identity_file)
    places: dict[tuple[str, str], list[PullSecret]] = {}
    for secret in pull_secrets(seen.view):
        if secret.cluster in seen.clusters and request.secret in (None, secret.name):
            places.setdefault((secret.cluster.path, secret.namespace), []).append(secret)
    if not places:
        named = f" {request.secret}" if request.secret else ""
        raise GitOpsSecretsError(
            f"there is no pull Secret{named}",
            bootstrap_of(seen.view, seen.clusters[0], request.secret or "regcred"),
        )
    found = []
    for (cluster, namespace), secrets in places.items():
        entries = [
            Entry(secret.name, key, shown_user(credentials))
            for secret in secrets
            for key, credentials in opened.get(secret.place, {}).items()
        ]
        found.append(
            Explained(
                cluster,
                namespace,
                tuple(secret.name for secret in secrets),
                tuple(secret.path for secret in secrets if secret.place not in opened),
                {r: tuple(entries_for(request.image, entries, r)) for r in request.readers},
            )
        )
    return tuple(found)
