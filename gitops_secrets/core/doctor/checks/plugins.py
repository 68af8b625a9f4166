"""That kustomize needs no plugin for what Flux applies: kustomize-controller runs none."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.kustomize.plugins import plugins

RANKS = {"kustomization": 10}

_GIT = "GitRepository"
"""The source whose kustomizations Flux builds as they are; what is pushed elsewhere may have been built before."""


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield each kustomization that Flux cannot build, and behind which nothing is known here."""
    for applied in given.view.applied:
        if applied.is_elsewhere or applied.kustomization.source[0] != _GIT:
            continue
        fetched = given.view.fetched(applied.cluster)
        for path in applied.reach.kustomizations:
            read = fetched.tree.named_in(posixpath.dirname(path))
            for what in dict.fromkeys(plugins(fetched.root(path), read)):
                yield Diagnosis(
                    "kustomization",
                    ERROR,
                    f"{path} {what}, which Flux does not: {applied.object} applies nothing, and what would come of it "
                    "is not known here",
                    (path, applied.place),
                    f"list what it makes under resources in {path}, or apply the chart by a HelmRelease",
                )
