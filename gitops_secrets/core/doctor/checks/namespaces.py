"""That the namespace of each Secret is there, or something in Git makes it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops_secrets.core.doctor.diagnosis import WARNING, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.follow import Applied, target_namespaces
from gitops_secrets.core.flux.namespaces import namespaces_of
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster

RANKS = {"namespace": 200}

_BUILT_IN = ("default", "kube-system", "kube-public", "kube-node-lease")
_TEMPLATED = re.compile(rb"kind[\"']?\s*:\s*[\"']?(?:ResourceSet|Tenant)\b")
"""Kinds whose controllers make namespaces that no manifest names."""


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield Secrets for a namespace that nothing makes, where everything that could make it is known."""
    view = given.view
    for cluster in view.clusters:
        applied = view.applied_in(cluster)
        if any(a.is_elsewhere or a.reach.is_partial for a in applied):
            continue
        if any(_TEMPLATED.search(view.tree.read(f) or b"") for a in applied for f in a.reach.files):
            continue
        made = {name for a in applied for name in namespaces_of(view, a)}
        yield from _missing(view, cluster, applied, made)


def _missing(
    view: View, cluster: Cluster, applied: list[Applied], made: set[str | None]
) -> Iterator[Diagnosis]:
    fetched = view.fetched(cluster)
    there = {*made, *_BUILT_IN, *(a.namespace for a in applied if a.is_own)}
    for found in applied:
        if found.is_remote:
            continue
        for path in found.reach.files:
            for document in view.encrypted.get(path, ()):
                for namespace in target_namespaces(found, fetched, path, document.namespace):
                    if namespace and namespace not in there and not is_ciphertext(namespace):
                        yield Diagnosis(
                            "namespace",
                            WARNING,
                            f"{path} is for namespace {namespace}, which no manifest here makes: while it is "
                            f"missing, {found.object} applies nothing",
                            (path, found.place),
                            f"add the manifest of Namespace {namespace}, or once in the cluster: kubectl create namespace {namespace}",
                        )


def is_ciphertext(value: str) -> bool:
    """Return whether *value*, which ought to be readable, was encrypted with all the rest of its manifest."""
    return value.startswith("ENC[")
