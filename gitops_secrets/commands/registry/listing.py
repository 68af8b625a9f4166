"""list: the registries of the pull Secrets, who uses them and who else holds them; never a password."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.opening import open_repository
from gitops_secrets.adapters.git.repository import Repository, literal
from gitops_secrets.commands.registry.finding import Seen, see
from gitops_secrets.commands.registry.opened import open_pull_secrets
from gitops_secrets.commands.registry.shown import shown_user
from gitops_secrets.commands.repository.clusters import Choice
from gitops_secrets.core.doctor.exposed import Exposed, exposed
from gitops_secrets.core.flux.pulls.secrets import Place, PullSecret, pull_secrets
from gitops_secrets.core.flux.pulls.usage import Use, uses
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.provider import provider_of
from gitops_secrets.core.registry.reference import Registry, covers
from gitops_secrets.core.registry.rotation.record import Record
from gitops_secrets.core.registry.shortlived import end_of, find_expiry
from gitops_secrets.core.sops.annotations import records_in
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.errors import GitOpsSecretsError


class Request(NamedTuple):
    """What the user asks of registry list."""

    repository: Path
    paths: Sequence[str]
    """The clusters that are meant; none for all."""
    secret: str | None
    """The name of the pull Secrets; None for all."""
    identity_file: Path | None
    progress: Callable[[str], None] = lambda _: None
    """Is told what is under way."""


class LastChange(NamedTuple):
    """The commit that last changed a file."""

    commit: str
    date: str
    """When it was committed, in ISO 8601."""
    author: str


class Holder(NamedTuple):
    """Another pull Secret with an entry for the same registry."""

    secret: PullSecret
    same: bool
    """Whether user and password are the same too."""


class Entry(NamedTuple):
    """One registry of a pull Secret."""

    key: str
    user: str
    provider: str | None
    expiry: str | None
    """What the credentials say of their end, or a rotation noted of it; None if that is nothing."""
    ends: dt.datetime | None
    """When they end, if that is known."""
    uses: tuple[Use, ...]
    others: tuple[Holder, ...]


class Listed(NamedTuple):
    """One pull Secret."""

    secret: PullSecret
    recipients: tuple[str, ...]
    last_change: LastChange | None
    """None if the file is in no commit."""
    uncommitted: bool
    """Whether the file differs from the last commit."""
    entries: tuple[Entry, ...] | None
    """None if no identity at hand opens it."""


class Inventory(NamedTuple):
    """The pull Secrets that Git has."""

    secrets: tuple[Listed, ...]
    readable: tuple[Exposed, ...]
    """Those that are not encrypted; their registries are not listed."""


def list_registries(request: Request) -> Inventory:
    """Return the pull Secrets of the clusters that are meant. Nothing is written, no connection opened."""
    repository = open_repository(request.repository)
    request.progress("reading the work tree")
    seen = see(repository, Choice(request.paths, all_clusters=not request.paths))
    request.progress("decrypting the pull Secrets")
    opened = open_pull_secrets(seen.view, request.identity_file)
    everything = pull_secrets(seen.view)
    meant = [
        secret
        for secret in everything
        if secret.cluster in seen.clusters and request.secret in (None, secret.name)
    ]
    # What bootstrap made comes first.
    meant.sort(key=lambda s: (s.cluster, not s.path.startswith(f"{s.cluster.folder}/")))
    request.progress("reading what uses the registries")
    used = {cluster: uses(seen.view, cluster) for cluster in seen.clusters}
    _, states = repository.status([secret.path for secret in meant]) if meant else (None, {})
    listed = (
        Listed(
            secret,
            _recipients(seen, secret),
            _last_change(repository, secret.path),
            secret.path in states,
            _entries(secret, everything, opened, used[secret.cluster], _records(seen, secret)),
        )
        for secret in meant
    )
    readable = (
        one
        for one in exposed(seen.view, dt.datetime.now(dt.UTC))
        if one.cluster in seen.clusters
        and (request.secret is None or one.object is None or one.object.name == request.secret)
    )
    return Inventory(tuple(listed), tuple(readable))


def _recipients(seen: Seen, secret: PullSecret) -> tuple[str, ...]:
    found = seen.view.encrypted[secret.path]
    return next((d.metadata.recipients for d in found if d.metadata is not None), ())


def _records(seen: Seen, secret: PullSecret) -> Mapping[str, Record]:
    try:
        return records_in(Manifest(seen.tree.read(secret.path) or b"", secret.path))
    except GitOpsSecretsError:
        # A file of several objects is none of ours, and nothing is noted in it.
        return {}


def _noted(record: Record | None) -> str | None:
    """Return what was noted of the end of a credential when it was minted."""
    if record is None or record.expires is None:
        return None
    return f"noted to end at {record.expires}"


def _end(credentials: Credentials, record: Record | None) -> dt.datetime | None:
    said = end_of(credentials)
    return said if said is not None or record is None else record.ends


def _last_change(repository: Repository, path: str) -> LastChange | None:
    done = repository.git("log", "-1", "--format=%H%x00%cI%x00%an <%ae>", "--", literal(path))
    fields = done.stdout.decode(errors="replace").strip().split("\0")
    return LastChange(*fields) if not done.status and len(fields) == 3 else None


def _entries(
    secret: PullSecret,
    everything: Sequence[PullSecret],
    opened: Mapping[Place, Mapping[str, Credentials]],
    used: Sequence[Use],
    records: Mapping[str, Record],
) -> tuple[Entry, ...] | None:
    held = opened.get(secret.place)
    if held is None:
        return None
    now = time.time()
    entries = []
    for key, credentials in held.items():
        expiry = find_expiry(Registry(key).host, credentials, now)
        others = (
            Holder(other, opened[other.place][key] == credentials)
            for other in everything
            if other != secret and key in opened.get(other.place, {})
        )
        entries.append(
            Entry(
                key,
                shown_user(credentials),
                provider_of(Registry(key).host),
                expiry.what if expiry is not None else _noted(records.get(key)),
                _end(credentials, records.get(key)),
                tuple(use for use in used if covers(key, use.reference)),
                tuple(others),
            )
        )
    return tuple(entries)
