"""What apply --prune may delete is decided by what the API server recorded, never by what Git or an object says."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_secrets.core.live.leftovers import appliers, leftover_entries, names_secret, not_ours
from gitops_secrets.core.live.patches import identity_entry

OURS = {"gitops-secrets/cluster": "clusters/prod"}


def secret(*managers: str, key: str = ".dockerconfigjson", **metadata: Any) -> dict[str, Any]:
    managed = [{"manager": m, "fieldsV1": {"f:data": {f"f:{key}": {}}}} for m in managers]
    return {
        "metadata": {"name": "it", "namespace": "a", "managedFields": managed, **metadata},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {key: "e30="},
    }


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (secret("gitops-secrets"), None),
        (secret("gitops-secrets", "kustomize-controller"), None),
        (secret("kustomize-controller", annotations=OURS), None),
        (secret("kustomize-controller"), "nothing shows that gitops-secrets made it"),
        (secret(annotations=OURS), "nothing shows that gitops-secrets made it"),
        (secret("gitops-secrets", "kubectl-edit"), "kubectl-edit set its value"),
        (secret("kubectl", annotations=OURS), "kubectl set its value"),
        (secret("gitops-secrets", ownerReferences=[{"kind": "A", "name": "b"}]), "A b owns it"),
        ({**secret("gitops-secrets"), "type": "Opaque"}, "its type is Opaque"),
    ],
)
def test_only_what_this_tool_or_flux_for_it_has_set_is_ours(
    found: dict[str, Any], why: str | None
) -> None:
    assert not_ours(found) == why


def test_only_entries_that_apply_added_are_left_over() -> None:
    entry = identity_entry("age1old")
    manager = f"gitops-secrets-{entry.removesuffix('.agekey')}"
    assert list(leftover_entries(secret(manager, key=entry), ["age1new"])) == [entry]
    assert list(leftover_entries(secret(manager, key=entry), ["age1new", "age1old"])) == []
    assert list(leftover_entries(secret("kubectl", key=entry), ["age1new"])) == []
    assert list(leftover_entries(secret(manager, "kubectl", key=entry), ["age1new"])) == []
    assert list(leftover_entries(secret("kubectl", key="mine.agekey"), ["age1new"])) == []
    assert list(leftover_entries(None, [])) == []


def test_flux_still_applies_what_is_in_an_inventory() -> None:
    kustomization = {
        "metadata": {"namespace": "flux-system", "name": "pull-secrets-a"},
        "status": {"inventory": {"entries": [{"id": "a_it__Secret", "v": "v1"}]}},
    }
    assert list(appliers([kustomization], "a", "it")) == ["flux-system/pull-secrets-a"]
    assert list(appliers([kustomization, {"metadata": {}}], "b", "it")) == []


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("ServiceAccount", {"imagePullSecrets": [{"name": "it"}]}),
        ("ServiceAccount", {"secrets": [{"name": "other"}, {"name": "it"}]}),
        ("Pod", {"spec": {"volumes": [{"secret": {"secretName": "it"}}]}}),
        ("Pod", {"spec": {"volumes": [{"projected": {"sources": [{"secret": {"name": "it"}}]}}]}}),
        ("Pod", {"spec": {"containers": [{"envFrom": [{"secretRef": {"name": "it"}}]}]}}),
        ("OCIRepository", {"spec": {"secretRef": {"name": "it"}}}),
        ("FluxInstance", {"spec": {"sync": {"pullSecret": "it"}}}),
        (
            "ResourceSet",
            {
                "spec": {
                    "resources": [
                        {"metadata": {"annotations": {"fluxcd.controlplane.io/copyFrom": "a/it"}}}
                    ]
                }
            },
        ),
        ("ReplicaSet", {"spec": {"replicas": 1, "imagePullSecrets": [{"name": "it"}]}}),
    ],
)
def test_a_name_is_found_wherever_kubernetes_and_flux_take_one(
    kind: str, item: dict[str, Any]
) -> None:
    assert names_secret(kind, item, "it")
    assert not names_secret(kind, item, "another")


def test_what_names_something_else_or_runs_no_pods_does_not_count() -> None:
    assert not names_secret("Pod", {"metadata": {"name": "it"}, "spec": {"hostname": "it"}}, "it")
    earlier = {"spec": {"replicas": 0, "imagePullSecrets": [{"name": "it"}]}}
    assert not names_secret("ReplicaSet", earlier, "it")
