"""That every object of a namespaced kind has a namespace when Flux applies it: Flux has no default one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.follow import Applied
from gitops_secrets.core.flux.kustomize.generators import generated
from gitops_secrets.core.flux.kustomize.identities import Identity
from gitops_secrets.core.flux.making import made
from gitops_secrets.core.flux.reach import Fetched
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.yamltext.nodes import entries, get, items, position, text

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
_LIST = "List"
"""How the kinds end whose items kustomize takes for objects."""
_LOCAL = "config.kubernetes.io/local-config"
"""An object with this annotation is input of a tool, and kustomize leaves it out, unless the value is "false"."""
_OTHER_WAYS = ("transformers",)
"""Fields of a kustomization that may set a namespace, and that are not followed."""


class _Unplaced(NamedTuple):
    """An object without a namespace."""

    file: str
    line: int
    name: str
    field: str
    """What would give it one, in its file."""


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield each Kustomization with objects that need a namespace and get none: the API server refuses them."""
    for applied in given.view.applied:
        if applied.is_elsewhere or applied.reach.is_partial:
            continue
        fetched = given.view.fetched(applied.cluster)
        found = {f"{one.file}:{one.line}": one for one in _unplaced(applied, fetched)}
        if found and not _is_changed_unseen(given.view, applied, fetched):
            place, first = next(iter(found.items()))
            more = f" and {len(found) - 1} more have" if len(found) > 1 else " has"
            yield Diagnosis(
                "no-namespace",
                ERROR,
                f"{first.name} of {place}{more} no namespace: Flux has no default one, and {applied.object} applies "
                "nothing",
                (*found, applied.place),
                f"set {first.field} in {first.file}, or spec.targetNamespace in "
                f"{applied.place.partition(':')[0]}",
            )


def _unplaced(applied: Applied, fetched: Fetched) -> Iterator[_Unplaced]:
    """Yield the objects without a namespace: of files, items of a List among them, and of generators."""
    if text(applied.kustomization.root, "spec", "targetNamespace"):
        return
    for file in applied.reach.files:
        if any(_may_lack(one) for one in fetched.identities(file)):
            for node in _objects(fetched, file):
                for route in applied.reach.routes[file]:
                    name = _lacking(applied, fetched, route, node)
                    if name is not None:
                        yield _Unplaced(file, position(node).line, name, "metadata.namespace")
    for path, routes in applied.reach.generating.items():
        for line, node in generated(fetched.root(path)):
            for route in routes:
                name = _lacking(applied, fetched, route, node)
                if name is not None:
                    yield _Unplaced(path, line, name, "its namespace")


def _may_lack(found: Identity) -> bool:
    is_list = found.kind.endswith(_LIST)
    return is_list or (found.namespace is None and _needs_one(found.api, found.kind))


def _objects(fetched: Fetched, file: str) -> Iterator[yaml.Node]:
    """Yield the objects of *file*: of a List its items, as kustomize takes them."""
    for node in fetched.documents(file):
        is_list = (text(node, "kind") or "").endswith(_LIST)
        yield from (items(node, "items") or [node]) if is_list else [node]


def _lacking(
    applied: Applied, fetched: Fetched, route: tuple[str, ...], node: yaml.Node
) -> str | None:
    """Return the kind and the name of the object *node* if it gets no namespace on *route*."""
    api, kind = text(node, "apiVersion") or "", text(node, "kind") or ""
    is_fine = text(node, "metadata", "namespace") or not _needs_one(api, kind) or _is_local(node)
    if is_fine or any(_is_given_one(fetched, path) for path in route):
        return None
    left = made(fetched, applied.reach, route, get(applied.kustomization.root, "spec"), node)
    if left is None or text(left[0], "metadata", "namespace"):
        return None
    return f"{kind} {left[1].name}"


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


def _needs_one(api: str, kind: str) -> bool:
    group = api.rpartition("/")[0]
    return group.endswith(_FLUX) or kind in _NAMESPACED.get(group, ())
