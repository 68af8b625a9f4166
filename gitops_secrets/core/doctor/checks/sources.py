"""That sources of Flux log in where the pull Secret has credentials for them: theirs is no ServiceAccount's."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from gitops_secrets.core.doctor.checks.images import is_open
from gitops_secrets.core.doctor.diagnosis import WARNING, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.pulls.secrets import pull_secrets
from gitops_secrets.core.flux.pulls.sources import registry_sources
from gitops_secrets.core.registry.reference import covers, host_of

RANKS = {"sources": 185}


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield sources without a secretRef whose registry has a key in the pull Secret of Flux."""
    view = given.view
    secrets = [secret for secret in pull_secrets(view) if secret.is_whole]
    for cluster in view.clusters:
        held = [
            (secret, key)
            for secret in secrets
            if secret.cluster == cluster
            for key in given.keys.get(secret.place, ())
        ]
        for source in registry_sources(view, cluster):
            reference = source.reference
            if not reference or source.secret or source.has_login or is_open(host_of(reference)):
                continue
            found = next(((s, key) for s, key in held if covers(key, reference)), None)
            if found is None or source.misfit is not None:
                continue
            secret, key = found
            yield Diagnosis(
                "sources",
                WARNING,
                f"{source.object} reads {reference} without a secretRef, and the pull Secret {secret.name} has a "
                f"key for {key}: Flux reads no ServiceAccount's Secret for a source",
                (f"{source.file}:{source.line}", secret.path),
                f"gitops-secrets attach --source {source.argument} --path {shlex.quote(cluster.path)} "
                f"--image-pull-secret {secret.name}",
            )
