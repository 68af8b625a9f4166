"""doctor and kustomizations that need a program beside kustomize: Flux runs none, and nothing behind them is known."""

from __future__ import annotations

import pytest

from tests.support.fleet import kustomization
from tests.support.user import User

HEALTHY = "gitops-secrets: healthy"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\n"
PLUGIN = "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: x}\nfiles: [a.yaml]\n"
BUILT_IN = "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: x}\nlabels: {a: b}\n"


def doctor(user: User, more: str, plugin: str = PLUGIN) -> str:
    user.write(
        {
            "clusters/prod/apps.yaml": kustomization("apps", "apps"),
            "apps/kustomization.yaml": f"resources: [web.yaml]\n{more}",
            "apps/web.yaml": MAP,
            "apps/plugin.yaml": plugin,
        }
    )
    return user.run("doctor").stdout


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("generators: [plugin.yaml]\n", "runs the plugin ksops (generators)"),
        ("transformers: [plugin.yaml]\n", "runs the plugin ksops (transformers)"),
        (
            "transformers:\n- |\n  apiVersion: a.b/v1\n  kind: Own\n  metadata: {name: x}\n",
            "runs the plugin Own (transformers)",
        ),
        (
            "helmCharts: [{name: x, repo: 'https://example.com', version: 1.0.0}]\n",
            "inflates Helm charts (helmCharts)",
        ),
    ],
)
def test_what_flux_does_not_run_is_said(fleet: User, more: str, what: str) -> None:
    said = doctor(fleet, more)
    assert said.startswith(
        f"error[kustomization]: apps/kustomization.yaml {what}, which Flux does not: Kustomization flux-system/apps applies nothing"
    ), said


@pytest.mark.parametrize("more", ["transformers: [plugin.yaml]\n", ""])
def test_what_is_part_of_kustomize_is_no_problem(fleet: User, more: str) -> None:
    assert doctor(fleet, more, BUILT_IN).startswith(HEALTHY)
