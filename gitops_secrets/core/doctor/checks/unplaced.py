"""That every object of a namespaced kind has a namespace when Flux applies it: Flux has no default one."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.follow import Applied
from gitops_secrets.core.flux.kustomize.identities import Identity
from gitops_secrets.core.flux.making import made
from gitops_secrets.core.flux.reach import Fetched
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.yamltext.nodes import entries, get, position, text

RANKS = {"no-namespace": 45}

_NAMESPACED = {
    "": frozenset(
        {
            *(
                "ConfigMap",
                "Endpoints",
                "LimitRange",
                "PersistentVolumeClaim",
                "Pod",
                "PodTemplate",
            ),
            *("ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount"),
        }
    ),
    "apps": frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"}),
    "autoscaling": frozenset({"HorizontalPodAutoscaler"}),
    "batch": frozenset({"CronJob", "Job"}),
    "coordination.k8s.io": frozenset({"Lease"}),
    "discovery.k8s.io": frozenset({"EndpointSlice"}),
    "networking.k8s.io": frozenset({"Ingress", "NetworkPolicy"}),
    "policy": frozenset({"PodDisruptionBudget"}),
    "rbac.authorization.k8s.io": frozenset({"Role", "RoleBinding"}),
    "resource.k8s.io": frozenset({"ResourceClaim", "ResourceClaimTemplate"}),
}
"""By API group, the kinds of Kubernetes itself that have a namespace."""
_FLUX = (".toolkit.fluxcd.io", ".extensions.fluxcd.io")
"""How the API groups of Flux end. All of their kinds have a namespace."""
_LOCAL = "config.kubernetes.io/local-config"
"""An object with this annotation is input of a tool, and kustomize leaves it out, unless the value is "false"."""
_OTHER_WAYS = ("transformers",)
"""Fields of a kustomization that may set a namespace, and that are not followed."""


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield each Kustomization with objects that need a namespace and get none: the API server refuses them."""
    for applied in given.view.applied:
        if applied.is_elsewhere or applied.reach.is_partial:
            continue
        fetched = given.view.fetched(applied.cluster)
        places = {f"{file}:{line}": name for file, line, name in _unplaced(applied, fetched)}
        if places and not _is_changed_unseen(given.view, applied, fetched):
            first, name = next(iter(places.items()))
            more = f" and {len(places) - 1} more have" if len(places) > 1 else " has"
            yield Diagnosis(
                "no-namespace",
                ERROR,
                f"{name} of {first}{more} no namespace: Flux has no default one, and {applied.object} applies nothing",
                (*places, applied.place),
                f"set metadata.namespace in {first.partition(':')[0]}, or spec.targetNamespace in "
                f"{applied.place.partition(':')[0]}",
            )


def _unplaced(applied: Applied, fetched: Fetched) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and name of the objects without a namespace."""
    spec = get(applied.kustomization.root, "spec")
    if text(spec, "targetNamespace"):
        return
    for file in applied.reach.files:
        lacking = [i for i in fetched.identities(file) if i.namespace is None and _needs_one(i)]
        if not lacking:
            continue
        lines = {found.line for found in lacking}
        for route in applied.reach.routes[file]:
            if any(_is_given_one(fetched, path) for path in route):
                continue
            for node in fetched.documents(file):
                line = position(node).line
                if line in lines and not _is_local(node):
                    left = made(fetched, applied.reach, route, spec, node)
                    if left is not None and not text(left[0], "metadata", "namespace"):
                        yield file, line, f"{text(node, 'kind')} {left[1].name}"


def _is_local(node: yaml.Node) -> bool:
    return text(node, "metadata", "annotations", _LOCAL) not in (None, "false")


def _is_changed_unseen(view: View, applied: Applied, fetched: Fetched) -> bool:
    """Return whether something that is not followed may give the Kustomization itself a targetNamespace."""
    return any(
        _is_transformed(fetched, path)
        for parent in view.applied
        if parent.cluster == applied.cluster
        for route in parent.reach.routes.get(applied.kustomization.file, ())
        for path in route
    )


def _is_given_one(fetched: Fetched, path: str) -> bool:
    return bool(text(fetched.root(path), "namespace")) or _is_transformed(fetched, path)


def _is_transformed(fetched: Fetched, path: str) -> bool:
    return any(key in _OTHER_WAYS for key, _ in entries(fetched.root(path)))


def _needs_one(found: Identity) -> bool:
    group = found.api.rpartition("/")[0]
    return group.endswith(_FLUX) or found.kind in _NAMESPACED.get(group, ())
