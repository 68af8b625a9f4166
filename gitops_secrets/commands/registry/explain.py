"""explain: which entries are tried for an image, by whom and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.commands.registry.finding import see
from gitops_secrets.commands.registry.opened import open_pull_secrets
from gitops_secrets.commands.registry.shown import shown_user
from gitops_secrets.commands.repository.clusters import Choice
from gitops_secrets.core.flux.pulls.logins import Login, login_of, reader_of, reads
from gitops_secrets.core.flux.pulls.secrets import Place, PullSecret, pull_secrets
from gitops_secrets.core.flux.pulls.sources import registry_sources
from gitops_secrets.core.flux.pulls.workloads import accounts_of
from gitops_secrets.core.flux.suggesting import bootstrap_of
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.image import Image
from gitops_secrets.core.registry.lookup import Entry, Reader, entries_for
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.errors import GitOpsSecretsError

Opened = Mapping[Place, Mapping[str, Credentials]]


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
    logins: tuple[Login, ...] = ()
    """What the sources of the namespace that read the image log in with."""


def explain(request: Request) -> tuple[Explained, ...]:
    """Return for each namespace with pull Secrets which of their entries are tried, if a pod names them all.

    Sources of Flux that read the image are looked at by themselves: each reads the Secrets that it names. No connection is opened. Raises GitOpsSecretsError if there is no pull Secret.
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
    logins = {
        cluster.path: _logins(seen.view, cluster, request, opened) for cluster in seen.clusters
    }
    for cluster, found in logins.items():
        for login in found:
            places.setdefault((cluster, login.source.namespace), [])
    return tuple(
        Explained(
            cluster,
            namespace,
            tuple(secret.name for secret in secrets),
            tuple(secret.path for secret in secrets if secret.place not in opened),
            {
                reader: tuple(entries_for(request.image, _known(secrets, opened), reader))
                for reader in request.readers
            },
            tuple(one for one in logins[cluster] if one.source.namespace == namespace),
        )
        for (cluster, namespace), secrets in places.items()
    )


def _known(secrets: Sequence[PullSecret], opened: Opened) -> list[Entry]:
    return [entry for s in secrets for entry in _entries(s, opened.get(s.place, {}))]


def _entries(secret: PullSecret, credentials: Mapping[str, Credentials]) -> tuple[Entry, ...]:
    return tuple(Entry(secret.name, key, shown_user(one)) for key, one in credentials.items())


def _logins(view: View, cluster: Cluster, request: Request, opened: Opened) -> list[Login]:
    held = {
        (secret.namespace, secret.name): _entries(secret, opened[secret.place])
        if secret.place in opened
        else None
        for secret in pull_secrets(view)
        if secret.cluster == cluster
    }
    accounts = accounts_of(view, cluster)
    return [
        login_of(source, accounts, held)
        for source in registry_sources(view, cluster)
        if reader_of(source) in request.readers and reads(source, request.image)
    ]
