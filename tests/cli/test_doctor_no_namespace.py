"""doctor and objects without a namespace: Flux has no default one, and the API server refuses them."""

from __future__ import annotations

import pytest

from tests.support.fleet import kustomization
from tests.support.user import User

HEALTHY = "gitops-secrets: healthy"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: web
spec: {interval: 5m, chartRef: {kind: OCIRepository, name: web}}
"""
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: []
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: internal}
"""


def doctor(user: User, *lines: str, files: dict[str, str]) -> str:
    """Add the *files* to what Kustomization apps applies, with further *lines* of its spec, and ask doctor."""
    more = "".join(f"  {line}\n" for line in lines)
    user.write({"clusters/prod/apps.yaml": kustomization("apps", "apps", more), **files})
    return user.run("doctor").stdout


@pytest.mark.parametrize(
    ("text", "what"), [(MAP, "ConfigMap settings"), (RELEASE, "HelmRelease web")]
)
def test_an_object_without_a_namespace_is_told_with_its_line(
    fleet: User, text: str, what: str
) -> None:
    said = doctor(fleet, files={"apps/web.yaml": f"# Ours\n{text}"})
    assert said.startswith(
        f"error[no-namespace]: {what} of apps/web.yaml:2 has no namespace: Flux has no default one, "
        "and Kustomization flux-system/apps applies nothing"
    )
    assert "set metadata.namespace in apps/web.yaml, or spec.targetNamespace in clusters/" in said


def test_several_objects_of_one_kustomization_are_told_once(fleet: User) -> None:
    other = MAP.replace("settings", "others")
    said = doctor(fleet, files={"apps/a.yaml": MAP, "apps/b.yaml": f"{RELEASE}---\n{other}"})
    assert said.count("[no-namespace]") == 1
    assert "ConfigMap settings of apps/a.yaml:1 and 2 more have no namespace" in said
    assert "apps/b.yaml:1, apps/b.yaml:7" in said


@pytest.mark.parametrize(
    "kind",
    [
        "coordination.k8s.io/v1 Lease",
        "discovery.k8s.io/v1 EndpointSlice",
        "resource.k8s.io/v1 ResourceClaimTemplate",
        "source.extensions.fluxcd.io/v1beta1 ArtifactGenerator",
    ],
)
def test_a_kind_that_is_seldom_in_git_needs_a_namespace_too(fleet: User, kind: str) -> None:
    api, name = kind.split()
    text = f"apiVersion: {api}\nkind: {name}\nmetadata: {{name: a}}\n"
    said = doctor(fleet, files={"apps/web.yaml": text})
    assert f"error[no-namespace]: {name} a of apps/web.yaml:1 has no namespace" in said


@pytest.mark.parametrize(("value", "is_left_out"), [("true", True), ("", True), ("false", False)])
def test_an_object_that_kustomize_leaves_out_needs_no_namespace(
    fleet: User, value: str, is_left_out: bool
) -> None:
    """Input of a tool has the annotation local-config; what `kubectl kustomize` does with each value was seen."""
    metadata = f'{{name: settings, annotations: {{config.kubernetes.io/local-config: "{value}"}}}}'
    said = doctor(fleet, files={"apps/web.yaml": MAP.replace("{name: settings}", metadata)})
    assert (HEALTHY in said) is is_left_out, said


@pytest.mark.parametrize(
    "kustomize",
    [
        "namespace: shop\nresources: [web.yaml]\n",
        "resources: [web.yaml]\ncomponents: [../parts]\n",
        "resources: [web.yaml]\ntransformers: [place.yaml]\n",
        (
            "resources: [web.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n"
            "    - {op: add, path: /metadata/namespace, value: shop}\n"
        ),
        (
            "resources: [web.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n"
            "    metadata: {name: settings}\n    $patch: delete\n"
        ),
    ],
    ids=["namespace", "component", "transformer", "patch", "deleted"],
)
def test_what_a_kustomization_places_is_no_problem(fleet: User, kustomize: str) -> None:
    part = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamespace: shop\n"
    place = (
        "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: p, namespace: shop}\n"
        "fieldSpecs: [{path: metadata/namespace, create: true}]\n"
    )
    files = {"apps/web.yaml": MAP, "apps/kustomization.yaml": kustomize}
    files |= {"parts/kustomization.yaml": part, "apps/place.yaml": place}
    assert doctor(fleet, files=files).startswith(HEALTHY)


def test_a_target_namespace_and_kinds_of_the_whole_cluster_are_no_problem(fleet: User) -> None:
    assert doctor(fleet, "targetNamespace: shop", files={"apps/a.yaml": MAP}).startswith(HEALTHY)
    assert doctor(fleet, files={"apps/a.yaml": ROLE}).startswith(HEALTHY)


def test_a_kind_that_nothing_here_defines_is_left_to_the_cluster(fleet: User) -> None:
    strange = "apiVersion: example.com/v1\nkind: Secret\nmetadata: {name: x}\n"
    assert doctor(fleet, files={"apps/a.yaml": strange}).startswith(HEALTHY)


def test_one_of_two_overlays_that_places_nothing_is_told(fleet: User) -> None:
    files = {
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": MAP,
        "apps/kustomization.yaml": "resources: [one, two]\n",
        "apps/one/kustomization.yaml": "namespace: shop\nresources: [../../base]\n",
        "apps/two/kustomization.yaml": "namePrefix: two-\nresources: [../../base]\n",
    }
    said = doctor(fleet, files=files)
    assert said.startswith("error[no-namespace]: ConfigMap two-settings of base/web.yaml:1 has no")


def test_a_kustomization_that_a_replacement_may_place_is_no_problem(fleet: User) -> None:
    """Home labs give every Kustomization of a folder the name of the Namespace beside it."""
    replacement = (
        "namespace: flux-system\nresources: [one.yaml]\nreplacements:\n"
        "- source: {kind: Namespace, name: shop, fieldPath: metadata.name}\n"
        "  targets:\n  - select: {kind: Kustomization}\n    fieldPaths: [spec.targetNamespace]\n"
        "    options: {create: true}\n"
    )
    files = {"apps/kustomization.yaml": replacement, "apps/one.yaml": kustomization("one", "base")}
    assert doctor(fleet, files={**files, "base/web.yaml": MAP}).startswith(HEALTHY)
    fleet.write({"apps/kustomization.yaml": replacement.partition("replacements:")[0]})
    assert "ConfigMap settings of base/web.yaml:1" in fleet.run("doctor").stdout


def test_the_items_of_a_list_are_looked_at_one_by_one(fleet: User) -> None:
    """kustomize takes a List for its items, and gives each the namespace of the kustomization."""
    placed = "{apiVersion: v1, kind: ConfigMap, metadata: {name: there, namespace: shop}}"
    wide = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: reader}}"
    lacking = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}"
    text = f"apiVersion: v1\nkind: List\nitems:\n- {placed}\n- {wide}\n- {lacking}\n"
    said = doctor(fleet, files={"apps/all.yaml": text})
    assert said.startswith("error[no-namespace]: ConfigMap settings of apps/all.yaml:6 has no")
    listing = "namespace: shop\nresources: [all.yaml]\n"
    assert doctor(fleet, files={"apps/kustomization.yaml": listing}).startswith(HEALTHY)


@pytest.mark.parametrize("key", ["secretGenerator", "configMapGenerator"])
def test_what_a_generator_makes_needs_a_namespace_too(fleet: User, key: str) -> None:
    kind = "Secret" if key == "secretGenerator" else "ConfigMap"
    made = f"namePrefix: my-\n{key}:\n- name: settings\n  literals: [a=b]\n"
    said = doctor(fleet, files={"apps/kustomization.yaml": made})
    assert said.startswith(
        f"error[no-namespace]: {kind} my-settings of apps/kustomization.yaml:3 has no namespace"
    )
    assert "set its namespace in apps/kustomization.yaml, or spec.targetNamespace in" in said
    placed = f"{made}  namespace: shop\n"
    assert doctor(fleet, files={"apps/kustomization.yaml": placed}).startswith(HEALTHY)


@pytest.mark.parametrize(
    ("over", "base"),
    [
        ("namespace: shop\nresources: [../base]\n", ""),
        (
            (
                "resources: [../base]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n"
                "    - {op: add, path: /metadata/namespace, value: shop}\n"
            ),
            "",
        ),
        (
            (
                "resources: [../base]\nconfigMapGenerator:\n"
                "- {name: settings, namespace: shop, behavior: merge, literals: [c=d]}\n"
            ),
            ", namespace: shop",
        ),
        (
            (
                "resources: [../base]\nconfigMapGenerator:\n"
                "- {name: settings, behavior: replace, literals: [c=d]}\nnamespace: shop\n"
            ),
            "",
        ),
        (
            "resources: [../base]\n",
            ", options: {annotations: {config.kubernetes.io/local-config: 'true'}}",
        ),
    ],
    ids=["namespace", "patch", "merge", "replace", "local"],
)
def test_what_a_generator_makes_is_placed_on_its_way(fleet: User, over: str, base: str) -> None:
    entry = f"configMapGenerator:\n- {{name: settings, literals: [a=b]{base}}}\n"
    files = {"apps/kustomization.yaml": over, "base/kustomization.yaml": entry}
    assert doctor(fleet, files=files).startswith(HEALTHY)
