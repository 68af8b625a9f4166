"""The chart flux-instance whose values stand in a file of their own."""

from __future__ import annotations

import textwrap

from tests.field.layout import (
    FLUX,
    OPERATOR,
    Expected,
    Files,
    Layout,
    kus,
    listing,
    named,
    release,
    sync,
)

CLUSTER = "kubernetes/flux"
HOME = "kubernetes/apps/flux-system/flux-instance/app"
FROM = "  valuesFrom:\n    - kind: ConfigMap\n      name: flux-instance-values\n"
CHART = FROM + "  chartRef:\n    kind: OCIRepository\n    name: flux-instance\n"


def chart(file: str, entry: str, content: str) -> Files:
    """A HelmRelease whose values a configMapGenerator takes from *file*."""
    more = f"configMapGenerator:\n  - name: flux-instance-values\n    files:\n      - {entry}\n"
    return {
        f"{CLUSTER}/ks.yaml": kus("apps", f"./{HOME}", more=f"  targetNamespace: {FLUX}\n"),
        f"{HOME}/helmrelease.yaml": release("", FLUX, CHART),
        f"{HOME}/kustomization.yaml": listing(
            "helmrelease.yaml", more=f"{more}generatorOptions:\n  disableNameSuffixHash: true\n"
        ),
        f"{HOME}/{file}": content,
    }


VALUES = "instance:\n" + textwrap.indent(sync(CLUSTER), "  ")
LAYOUTS = {
    "by a generator": Layout(
        "a configMapGenerator makes the values of helm-values.yaml, which begins at instance:",
        chart("helm-values.yaml", "values.yaml=./helm-values.yaml", VALUES),
        (Expected(CLUSTER, OPERATOR, f"{HOME}/helm-values.yaml"),),
    ),
    "in a folder": Layout(
        "the values stand in a folder of their own, with comments and a document mark",
        chart("helm/values.yaml", "values.yaml=helm/values.yaml", f"---\n# of the chart\n{VALUES}"),
        (Expected(CLUSTER, OPERATOR, f"{HOME}/helm/values.yaml"),),
    ),
    "with patches": Layout(
        "the values have instance.kustomize.patches, and keys after them",
        chart(
            "values.yaml",
            "values.yaml",
            VALUES + "  kustomize:\n    patches:\n      - target:\n          kind: Deployment\n"
            "        patch: |\n          - op: add\n            path: /spec/replicas\n            value: 2\n"
            "healthcheck:\n  enabled: true\n",
        ),
        (Expected(CLUSTER, OPERATOR, f"{HOME}/values.yaml"),),
    ),
    "a helmfile alone": Layout(
        "Flux is installed by a helmfile: its values are the only place that says what is synced",
        {
            "bootstrap/helmfile.yaml": (
                "releases:\n  - name: flux-operator\n    chart: oci://ghcr.io/acme/charts/flux-operator\n"
                "  - name: flux-instance\n    namespace: flux-system\n"
                "    chart: oci://ghcr.io/acme/charts/flux-instance\n    values:\n"
                f"      - instance:\n          sync:\n            kind: GitRepository\n            path: {CLUSTER}\n"
            ),
            f"{CLUSTER}/web.yaml": named("ConfigMap", "web", "default"),
        },
        (Expected(CLUSTER, OPERATOR, "bootstrap/helmfile.yaml"),),
    ),
    "a helmfile's values": Layout(
        "the helmfile takes them from a file of values, by its name",
        {
            "bootstrap/helmfile.yaml": (
                "releases:\n  - name: flux-instance\n    namespace: flux-system\n"
                "    chart: oci://ghcr.io/acme/charts/flux-instance\n    values:\n      - ./flux.yaml\n"
            ),
            "bootstrap/flux.yaml": VALUES,
            f"{CLUSTER}/web.yaml": named("ConfigMap", "web", "default"),
        },
        (Expected(CLUSTER, OPERATOR, "bootstrap/flux.yaml"),),
    ),
}
