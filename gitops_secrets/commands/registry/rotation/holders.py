"""Everything in the repository that holds a credential."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.registry.finding import Seen, is_ours, own_secret, see
from gitops_secrets.commands.registry.opened import in_parallel, open_pull_secrets, openable
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.commands.registry.shown import shown_user
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.flux.pulls.secrets import Place, PullSecret, pull_secrets
from gitops_secrets.core.guard.filter.encoded import fragments
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.reference import Registry, find_key
from gitops_secrets.core.registry.rotation.record import Record
from gitops_secrets.core.sops.annotations import records_in
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.errors import GitOpsSecretsError
from gitops_secrets.report.words import count

Opened = Mapping[Place, Mapping[str, Credentials]]


class Holder(NamedTuple):
    """An entry of a pull Secret of ours."""

    secret: PullSecret
    key: str


class Holding(NamedTuple):
    """What holds one credential."""

    ours: tuple[Holder, ...]
    """The pull Secrets that bootstrap and attach made: a rotation switches them."""
    others: tuple[str, ...]
    """What else holds it, in words: a rotation does not change that."""

    @property
    def clusters(self) -> tuple[str, ...]:
        """The paths of the clusters that get it from ours."""
        return tuple(dict.fromkeys(holder.secret.cluster.path for holder in self.ours))


class Found(NamedTuple):
    """The credential that the clusters which are meant have, and who holds it."""

    seen: Seen
    opened: Opened
    current: Credentials
    first: Holder
    """The pull Secret by which it was found."""
    holding: Holding
    unopened: tuple[PullSecret, ...]
    """Pull Secrets that no identity at hand opens: they may hold it."""
    record: Record | None

    @property
    def sentence(self) -> str:
        """What was found."""
        held = self.holding
        return (
            f"the credential of {shown_user(self.current)} for {self.first.key} is in "
            f"{count(len(held.ours), 'Secrets')} of {', '.join(held.clusters)}; what holds it outside this "
            "repository cannot be known"
        )


def find(request: Request, repository: Repository) -> Found:
    """Return the one credential that *request* means. Raises GitOpsSecretsError if it is none or several."""
    seen = see(repository, request.choice)
    opened = open_pull_secrets(seen.view, request.identity_file)
    meant = [_meant(request, seen, opened, own) for own in _own(request, seen)]
    first, current = meant[0]
    for other, credentials in meant[1:]:
        if credentials != current:
            raise GitOpsSecretsError(
                f"{first.secret.cluster.path} and {other.secret.cluster.path} have different credentials for "
                f"{request.registry.key}, and one rotation is of one credential",
                *(f"--path {found.secret.cluster.path}" for found in (first, other)),
            )
    path = first.secret.path
    return Found(
        seen,
        opened,
        current,
        first,
        holding(seen, opened, request.registry, current),
        tuple(s for s in pull_secrets(seen.view) if s.place not in opened),
        records_in(Manifest(seen.tree.read(path) or b"", path)).get(first.key),
    )


def _own(request: Request, seen: Seen) -> list[PullSecret]:
    return [own_secret(seen, cluster, request.secret) for cluster in seen.clusters]


def _meant(
    request: Request, seen: Seen, opened: Opened, own: PullSecret
) -> tuple[Holder, Credentials]:
    held = opened.get(own.place)
    if held is None:
        # Says which identity is missing, or why it does not open.
        Sealer(seen.tree, Keyring(request.identity_file)).open(own.path)
        raise GitOpsSecretsError(f"{own.path} is not a pull Secret that can be read")
    key = find_key(held, request.registry)
    if key is None:
        raise GitOpsSecretsError(
            f"the pull Secret {own.name} of {own.cluster.path} has no {request.registry.key}; it has "
            f"{', '.join(held) or 'none'}",
            "gitops-secrets registry list",
        )
    return Holder(own, key), held[key]


def holding(seen: Seen, opened: Opened, registry: Registry, credentials: Credentials) -> Holding:
    """Return the entries of pull Secrets that hold the *credentials* of *registry*."""
    ours: dict[tuple[Place, str], Holder] = {}
    others: dict[str, None] = {}
    for secret in pull_secrets(seen.view):
        for key, held in opened.get(secret.place, {}).items():
            if held != credentials:
                continue
            same_host = Registry(key).host == registry.host
            if same_host and is_ours(seen.view, secret):
                ours.setdefault((secret.place, key), Holder(secret, key))
            else:
                others[f"{secret.path} ({secret.namespace}/{secret.name}, for {key})"] = None
    return Holding(tuple(ours.values()), tuple(others))


def elsewhere(request: Request, found: Found, credentials: Credentials) -> list[str]:
    """Return the encrypted files that are no pull Secrets of a cluster, and hold the password."""
    view = found.seen.view
    keyring = Keyring(request.identity_file)
    sealer = Sealer(found.seen.tree, keyring)
    known = {secret.path for secret in pull_secrets(view)}
    others = openable(view, keyring, (path for path in view.encrypted if path not in known))
    password = credentials.password.encode()
    pair = f"{credentials.username}:{credentials.password}".encode()
    forms = [password, *fragments(password), *fragments(pair)]

    def holds(path: str) -> bool:
        try:
            plain = sealer.open(path).plain
        except GitOpsSecretsError:
            return False
        return any(form in content for content in _contents(plain) for form in forms)

    if others:
        request.progress("looking for the credential in other encrypted files")
    return [path for path, held in zip(others, in_parallel(holds, others), strict=True) if held]


def _contents(plain: Manifest) -> Iterator[bytes]:
    """Yield what *plain* holds, as it stands there and as its base64 decodes."""
    yield plain.content
    try:
        secrets = plain.secrets
    except GitOpsSecretsError:
        return
    for secret in secrets:
        for (field, _), value in secret.values.items():
            yield base64.b64decode(value) if field == "data" else value.encode()
