"""A pull Secret arrives only where nothing else in its folder keeps Flux from applying it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.wiring.folder import check_folder
from gitops_secrets.errors import GitOpsSecretsError

PROD = Cluster("clusters/eu/prod")
OBJECT = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
OURS = "pull-secrets/eu/prod/regcred.sops.yaml"


def check(files: Mapping[str, str]) -> None:
    overlay = Overlay(list(files), lambda path: files[path].encode() if path in files else None)
    check_folder(overlay, PROD, "regcred", "flux-system")


@pytest.mark.parametrize(
    "files",
    [
        {},
        {OURS: OBJECT, "pull-secrets/eu/prod/other.sops.yaml": OBJECT},
        {"pull-secrets/eu/stage/regcred.sops.yaml": OBJECT, "pull-secrets/us/a.sops.yaml": OBJECT},
        {"pull-secrets/eu/prod/README.md": "x"},
        {OURS: "kind: Secret\n"},
        {"pull-secrets/eu/prod/kustomization.yaml": "resources: []\nnamespace: flux-system\n"},
        {
            "pull-secrets/eu/prod/kustomization.yaml": "resources: []\n",
            "pull-secrets/eu/prod/values.yaml": "a: 1\n",
        },
        {
            "pull-secrets/eu/kustomization.yaml": "resources: [regcred.sops.yaml]\n",
            "pull-secrets/eu/regcred.sops.yaml": OBJECT,
        },
    ],
)
def test_what_keeps_nothing_back_is_fine(files: Mapping[str, str]) -> None:
    check(files)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {"pull-secrets/eu/prod/values.yaml": "a: 1\n"},
            "values.yaml is not a Kubernetes manifest",
        ),
        (
            {"pull-secrets/eu/prod/x/values.yml": "a: 1\n"},
            "values.yml is not a Kubernetes manifest",
        ),
        (
            {"pull-secrets/eu/prod/kustomization.yaml": "namespace: apps\n"},
            "its namespace apps would move the pull Secret out of flux-system",
        ),
        ({"pull-secrets/eu/prod/kustomization.yml": "namePrefix: x-\n"}, "its namePrefix"),
        ({"pull-secrets/eu/prod/Kustomization": "nameSuffix: -x\n"}, "its nameSuffix"),
        (
            {"pull-secrets/eu/regcred.sops.yaml": OBJECT},
            "pull-secrets/eu/prod lies in pull-secrets/eu,",
        ),
        (
            {"pull-secrets/eu/prod/blue/regcred.sops.yaml": OBJECT},
            "pull-secrets/eu/prod/blue lies in pull-secrets/eu/prod,",
        ),
    ],
)
def test_what_would_keep_it_back_stops_the_run(files: Mapping[str, str], says: str) -> None:
    with pytest.raises(GitOpsSecretsError, match=says):
        check(files)
