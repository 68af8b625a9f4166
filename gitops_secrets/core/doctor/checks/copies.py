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
from gitops_secrets.core.wiring.attaching import ALL, held_namespaces, operator_command
from gitops_secrets.core.wiring.kustomization import copied_everywhere

RANKS = {"copies": 205}


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
                yield Diagnosis(
                    "copies",
                    WARNING,
                    f"the namespace {namespace} has no copy of the pull Secret {secret}, and {file} records that "
                    "every namespace has one",
                    (file,),
                    _attach_command(
                        view, cluster, secret, namespace, by_operator=bool(by_operator)
                    ),
                )


def _attach_command(
    view: View, cluster: Cluster, secret: str, namespace: str, *, by_operator: bool
) -> str:
    """Return the command that adds the copy for *namespace*."""
    if by_operator:
        held = held_namespaces(view.tree, cluster, secret)
        return operator_command(view, cluster, secret, held, [(namespace, "")], beside=())
    return f"gitops-secrets attach {ALL} --path {shlex.quote(cluster.path)} --image-pull-secret {secret}"
