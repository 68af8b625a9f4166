"""That sources of Flux log in with a Secret that has an entry for what they read: theirs is no ServiceAccount's."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from gitops_secrets.core.doctor.checks.images import adding, is_open
from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.pulls.logins import Login, Outcome, login_of
from gitops_secrets.core.flux.pulls.secrets import PullSecret, pull_secrets
from gitops_secrets.core.flux.pulls.sources import RegistrySource, registry_sources
from gitops_secrets.core.flux.pulls.workloads import Name, accounts_of
from gitops_secrets.core.registry.lookup import Entry
from gitops_secrets.core.registry.reference import covers, host_of, is_docker_hub

RANKS = {"sources": 185}


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield sources that do not use a pull Secret that is there for them, or name one that is not for them."""
    view = given.view
    found = list(pull_secrets(view))
    for cluster in view.clusters:
        secrets = [secret for secret in found if secret.cluster == cluster]
        by_name = {(secret.namespace, secret.name): secret for secret in secrets}
        held = {
            name: tuple(Entry(secret.name, key, "") for key in given.keys[secret.place])
            if secret.place in given.keys
            else None
            for name, secret in by_name.items()
        }
        sources = list(registry_sources(view, cluster))
        accounts = accounts_of(view, cluster) if sources else {}
        for source in sources:
            if not source.reference:
                continue
            login = login_of(source, accounts, held)
            if login.secrets:
                yield from _of_named(login, by_name)
            elif login.outcome is Outcome.ANONYMOUS:
                yield from _of_nameless(source, secrets, given)


def _of_nameless(
    source: RegistrySource, secrets: Sequence[PullSecret], given: Given
) -> Iterator[Diagnosis]:
    """Yield that *source* names no Secret, if the pull Secret of Flux has a key for it."""
    reference = source.reference
    if is_open(host_of(reference)) or source.misfit is not None:
        return
    keys = ((s, key) for s in secrets if s.is_whole for key in given.keys.get(s.place, ()))
    found = next(((s, key) for s, key in keys if covers(key, reference)), None)
    if found is None:
        return
    secret, key = found
    yield Diagnosis(
        "sources",
        WARNING,
        f"{source.object} reads {reference} without a secretRef, and the pull Secret {secret.name} has a "
        f"key for {key}: Flux reads no ServiceAccount's Secret for a source",
        (f"{source.file}:{source.line}", secret.path),
        f"gitops-secrets attach --source {source.argument} --path {shlex.quote(secret.cluster.path)} "
        f"--image-pull-secret {secret.name}",
    )


def _of_named(login: Login, by_name: Mapping[Name, PullSecret]) -> Iterator[Diagnosis]:
    """Yield that the Secrets of a source do not count, or have no entry for it."""
    source = login.source
    place = f"{source.file}:{source.line}"
    if login.outcome is Outcome.CLOUD and source.secret:
        yield Diagnosis(
            "sources",
            WARNING,
            f"{source.object} logs in with provider {source.cloud}, and image-reflector-controller reads no Secret "
            f"beside it: its secretRef {source.secret} has no effect",
            (place,),
            f"in {source.file}: provider: generic, if it is to log in with {source.secret}",
        )
        return
    secret = by_name.get((source.namespace, login.secrets[0]))
    if secret is None:
        return
    reference, names = source.reference, " and ".join(login.secrets)
    host = reference.partition("/")[0]
    fix = adding(secret, host)
    if login.outcome is Outcome.FAILS:
        if is_docker_hub(host):
            url = f"oci://index.docker.io/{reference.partition('/')[2]}"
            fix = f"in {source.file}: url: {url}, the host for which Docker Hub's key is taken"
        yield Diagnosis(
            "sources",
            ERROR,
            f"{source.object} reads {reference}, and its secretRef {names} has no key for the host {host}: for charts, "
            "source-controller compares hosts as text",
            (place, secret.path),
            fix,
        )
    elif login.entries[1:]:
        keys = ", ".join(entry.key for entry in login.entries)
        yield Diagnosis(
            "sources",
            WARNING,
            f"{source.object} reads {reference}, and its secretRef {names} has {keys}: for charts, source-controller "
            f"compares hosts and no paths, and takes one of them by chance, unless there is a key {host}",
            (place, secret.path),
            fix,
        )
    elif login.outcome is Outcome.ANONYMOUS and not is_open(host_of(reference)):
        yield Diagnosis(
            "sources",
            WARNING,
            f"{source.object} reads {reference}, and no key of its Secret {names} covers it: it reads without "
            "credentials",
            (place, secret.path),
            fix,
        )
