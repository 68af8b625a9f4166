"""doctor follows the replacements of a kustomization.yaml: what they copy is what Flux applies."""

from __future__ import annotations

import pytest

from tests.support.fleet import kustomization
from tests.support.user import User

HEALTHY = "gitops-secrets: healthy"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: b}\n"
SETTINGS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: shop\n"
    '  annotations: {config.kubernetes.io/local-config: "true"}\n'
    "data: {folder: ./base}\n"
)
SHOP = "apiVersion: v1\nkind: Namespace\nmetadata: {name: not-used}\n"


def replacement(source: str, kind: str, path: str, create: str = "true") -> str:
    return (
        f"- source: {source}\n  targets:\n  - select: {{kind: {kind}}}\n    fieldPaths: [{path}]\n"
        f"    options: {{create: {create}}}\n"
    )


IN_NAMESPACE = replacement(
    "{kind: Namespace, fieldPath: metadata.name}", "Kustomization", "spec.targetNamespace"
)


def listing(*resources: str, more: str = "") -> str:
    return f"resources: [{', '.join(resources)}]\n{more}"


@pytest.fixture
def fleet(fleet: User) -> User:
    fleet.write(
        {
            "clusters/prod/apps.yaml": kustomization("apps", "apps"),
            "apps/settings.yaml": SETTINGS,
            "apps/shop.yaml": SHOP,
            "apps/web.yaml": kustomization("web", "nowhere"),
            "base/web.yaml": MAP,
        }
    )
    return fleet


@pytest.mark.parametrize("is_apart", [False, True], ids=["inline", "by path"])
def test_a_folder_that_names_its_namespace_once(fleet: User, is_apart: bool) -> None:
    """Home labs give each Kustomization of a folder the name of the Namespace that a component brings."""
    fleet.write({"apps/web.yaml": kustomization("web", "base")})
    entries = "- path: ../parts/ks.yaml\n" if is_apart else IN_NAMESPACE
    files = {
        "apps/kustomization.yaml": "namespace: flux-system\ncomponents: [../parts]\n"
        + listing("web.yaml", more=f"replacements:\n{entries}"),
        "parts/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        + listing("shop.yaml"),
        "parts/shop.yaml": SHOP,
        "parts/ks.yaml": IN_NAMESPACE,
    }
    fleet.write(files)
    assert fleet.run("doctor").stdout.startswith(HEALTHY)
    fleet.write({"apps/kustomization.yaml": files["apps/kustomization.yaml"].partition("repl")[0]})
    assert "error[no-namespace]: ConfigMap web of base/web.yaml:1" in fleet.run("doctor").stdout


def test_a_replacement_that_gives_no_namespace_hides_none_that_lacks(fleet: User) -> None:
    more = "replacements:\n" + replacement(
        "{kind: ConfigMap, fieldPath: data.folder}", "Kustomization", "metadata.labels.folder"
    )
    fleet.write(
        {
            "apps/web.yaml": kustomization("web", "base"),
            "apps/kustomization.yaml": listing("web.yaml", "settings.yaml", more=more),
        }
    )
    assert "error[no-namespace]: ConfigMap web of base/web.yaml:1" in fleet.run("doctor").stdout


def test_a_path_that_a_replacement_sets_is_followed(fleet: User) -> None:
    more = "replacements:\n" + replacement(
        "{kind: ConfigMap, name: settings, fieldPath: data.folder}", "Kustomization", "spec.path"
    )
    fleet.write({"apps/kustomization.yaml": listing("web.yaml", "settings.yaml", more=more)})
    assert "error[no-namespace]: ConfigMap web of base/web.yaml:1" in fleet.run("doctor").stdout


def test_a_value_that_git_does_not_tell_is_unknown(fleet: User) -> None:
    more = "replacements:\n" + replacement(
        "{kind: ConfigMap, name: of-somebody-else, fieldPath: data.folder}",
        "Kustomization",
        "spec.path",
    )
    remote = "https://example.com/base.yaml"
    fleet.write({"apps/kustomization.yaml": listing("web.yaml", remote, more=more)})
    assert fleet.run("doctor").stdout.startswith(HEALTHY)


def test_objects_that_replacements_name_apart_are_not_twice_the_same(fleet: User) -> None:
    """Two overlays of one base, each of which renames the object of the base by its own object."""
    more = "replacements:\n" + replacement("{kind: Namespace}", "ConfigMap", "metadata.namespace")
    files = {"base/kustomization.yaml": listing("web.yaml")}
    for name in ("one", "two"):
        files[f"apps/{name}/kustomization.yaml"] = listing("../../base", "space.yaml", more=more)
        files[f"apps/{name}/space.yaml"] = SHOP.replace("not-used", name)
    fleet.write({**files, "apps/kustomization.yaml": listing("one", "two")})
    assert fleet.run("doctor").stdout.startswith(HEALTHY)
    fleet.write({"apps/two/space.yaml": SHOP.replace("not-used", "one")})
    assert "ConfigMap one/web" in fleet.run("doctor").stdout


def test_a_replacements_file_that_is_not_there_is_told(fleet: User) -> None:
    more = "replacements:\n- path: gone.yaml\n"
    fleet.write({"apps/kustomization.yaml": listing("settings.yaml", more=more)})
    assert "gone.yaml, which is not there" in fleet.run("doctor").stdout
