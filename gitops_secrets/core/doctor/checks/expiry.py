"""Credentials that end soon, or have ended, as it was noted when they were minted."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.pulls.secrets import PullSecret, pull_secrets
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.registry.reference import Registry
from gitops_secrets.core.registry.rotation.record import BROUGHT, Record
from gitops_secrets.core.repository.commands import registry_command
from gitops_secrets.core.sops.annotations import ROTATION_ANNOTATION, records_in
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.errors import GitOpsSecretsError

RANKS = {"expiry": 190}

SOON = dt.timedelta(days=14)
"""How long before its end a credential is warned of: a rotation may wait for a merge, and for each cluster."""


class Ending(NamedTuple):
    """A credential that ends soon, or has ended."""

    key: str
    """The registry's, as in the pull Secret."""
    record: Record
    ends: dt.datetime
    secrets: tuple[PullSecret, ...]
    """All that have it, by what is noted in them."""

    def words(self, now: dt.datetime) -> str:
        """Return what is to be said of it at *now*."""
        day = f"{self.ends:%Y-%m-%d}"
        if self.ends <= now:
            return f"the credential for {self.key} ended on {day}, as was noted when it was made"
        left = self.ends - now
        when = (
            f"in {left.days} days"
            if left.days > 1
            else f"in {int(left.total_seconds()) // 3600} hours"
        )
        return f"the credential for {self.key} ends {when}, on {day}"

    @property
    def command(self) -> str:
        """The command that rotates it."""
        secret, registry = self.secrets[0], Registry(self.key)
        rotate = registry_command("rotate", [secret.cluster.path], secret.name, registry.options)
        provider = (
            ""
            if self.record.provider == BROUGHT
            else f" --provider {shlex.quote(self.record.provider)}"
        )
        return f"{rotate}{provider}"


def endings(view: View, now: dt.datetime) -> tuple[Ending, ...]:
    """Return each credential that ends within SOON of *now*, the first to end first. Nothing is decrypted."""
    found: dict[tuple[str, Record], list[PullSecret]] = {}
    for secret in pull_secrets(view):
        content = view.tree.read(secret.path) or b""
        if ROTATION_ANNOTATION.encode() not in content:
            continue
        try:
            records = records_in(Manifest(content, secret.path))
        except GitOpsSecretsError:
            # A file of several objects is none of ours, and nothing is noted in it.
            continue
        for key, record in records.items():
            found.setdefault((key, record), []).append(secret)
    due = [
        Ending(key, record, record.ends, tuple(secrets))
        for (key, record), secrets in found.items()
        if record.ends is not None and record.ends - now <= SOON
    ]
    return tuple(sorted(due, key=lambda one: (one.ends, one.key)))


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield an error for each credential that has ended, and a warning for each that ends soon."""
    view, now = given.view, given.now
    for one in endings(view, now):
        severity = ERROR if one.ends <= now else WARNING
        paths = tuple(dict.fromkeys(secret.path for secret in one.secrets))
        yield Diagnosis("expiry", severity, one.words(now), paths, one.command)
