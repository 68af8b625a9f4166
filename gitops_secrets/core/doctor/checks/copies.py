"""That each namespace has its copy of the pull Secret, if the repository chose all namespaces."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from gitops_secrets.core.doctor.diagnosis import WARNING, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.kustomizations import kustomizations_in
from gitops_secrets.core.flux.namespaces import made_namespaces
from gitops_secrets.core.flux.pulls.resourcesets import copied_into
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.wiring.kustomization import copied_everywhere

RANKS = {"copies": 205}
_ALL = "--all-namespaces"


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield namespaces that Git makes and that came after attach --all-namespaces."""
    view = given.view
    for cluster in view.clusters:
        file = cluster.kustomization_file
        recorded = [
            s for k in view.tree.derive(file, kustomizations_in) for s in copied_everywhere(k)
        ]
        for secret in recorded:
            by_operator = copied_into(view, cluster, secret)
            there = {view.root(cluster).namespace, *by_operator}
            for namespace in made_namespaces(view, cluster):
                copy = cluster.of_namespace(namespace).secret_file(secret)
                if namespace in there or view.tree.read(copy) is not None:
                    continue
                what = _again(view, cluster, secret, namespace) if by_operator else _ALL
                yield Diagnosis(
                    "copies",
                    WARNING,
                    f"the namespace {namespace} has no copy of the pull Secret {secret}, and {file} records that "
                    "every namespace has one",
                    (file,),
                    f"gitops-secrets attach {what} --path {shlex.quote(cluster.path)} --image-pull-secret {secret}",
                )


def _again(view: View, cluster: Cluster, secret: str, namespace: str) -> str:
    """Return what attach is to be asked for where the operator copies *secret*.

    Beside files that hold copies, it refuses all namespaces at once: they would get the Secret in two ways.
    """
    files = (cluster.of_namespace(n).secret_file(secret) for n in made_namespaces(view, cluster))
    has_files = any(view.tree.read(file) is not None for file in files)
    return f"--resourceset {namespace if has_files else _ALL}"
