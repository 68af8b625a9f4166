"""doctor about an object that one build has twice: the hint builds what cannot be built, or says what to do."""

from __future__ import annotations

import pytest

from tests.support.user import User

TWIN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twin, namespace: default}\n"
BUILD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml, b.yaml]\n"


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({}, "take out one of the two"),
        ({"kustomization.yaml": BUILD}, "kubectl kustomize clusters/prod/twins"),
    ],
    ids=["in a folder that Flux builds", "in a kustomization"],
)
def test_the_hint_names_the_kustomization_that_has_both(
    fleet: User, more: dict[str, str], hint: str
) -> None:
    """It named the folder of the cluster, where "kubectl kustomize" finds nothing to build."""
    files = {"a.yaml": TWIN, "b.yaml": TWIN, **more}
    fleet.commit({f"clusters/prod/twins/{name}": content for name, content in files.items()})
    result = fleet.run("doctor")
    assert "is the ConfigMap default/twin that" in result.stdout, result.printed
    assert f"hint: {hint}\n" in result.stdout
