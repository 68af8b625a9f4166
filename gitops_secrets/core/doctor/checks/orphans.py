"""What leads nowhere: pull Secrets that no Kustomization applies, rules for nobody, a root of nothing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from gitops_secrets.core.doctor.diagnosis import WARNING, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.repository.layout import CONFIG, PULL_SECRETS

RANKS = {"orphans": 230}


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield pull Secrets, rules and recipients that belong to no cluster, and clusters that Flux finds nothing of."""
    view = given.view
    for cluster in view.clusters:
        if view.is_absent(cluster):
            own = view.own(cluster)
            yield Diagnosis(
                "orphans",
                WARNING,
                f"{own.file}:{own.line} has Flux read {own.path}, and this repository has no such folder: unless its "
                "source is another repository, Flux applies nothing",
                (f"{own.file}:{own.line}",),
                f"set the path in {own.file}, or commit the first manifest below {own.path}",
            )
    folders = (f"{PULL_SECRETS}/", *(f"{cluster.folder}/" for cluster in view.clusters))
    for path in view.encrypted:
        if path.startswith(folders) and path not in view.applied_files:
            yield Diagnosis(
                "orphans",
                WARNING,
                f"no Kustomization applies {path}",
                (path,),
                f"git rm {shlex.quote(path)}",
            )
    if view.is_limited:
        return
    known = {cluster.path for cluster in view.known}
    for rule in view.rules:
        for recipient in rule.recipients:
            if recipient.cluster is not None and known and recipient.cluster not in known:
                yield Diagnosis(
                    "orphans",
                    WARNING,
                    f"{CONFIG} has a rule for the cluster {recipient.cluster}, which is not in the repository",
                    (f"{CONFIG}:{rule.line}",),
                    f"take the rule out of {CONFIG}",
                )
