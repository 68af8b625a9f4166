"""What Flux needs, planned over repositories of every shape."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ruamel.yaml import YAML

from gitops_secrets.core.flux.kustomize.generated import generated_resources
from gitops_secrets.core.flux.objects import Source
from gitops_secrets.core.flux.roots.find import clusters_of
from gitops_secrets.core.flux.roots.patching import FLUX_SERVICE_ACCOUNTS
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.wiring.images import private_registry
from gitops_secrets.core.wiring.wire import wire
from gitops_secrets.errors import GitOpsSecretsError, UsageError

PROD = Cluster("clusters/prod")
FLUX = "clusters/prod/flux-system"

COMPONENTS = """\
---
apiVersion: v1
kind: ServiceAccount
metadata:
  labels: {app.kubernetes.io/part-of: flux}
  name: kustomize-controller
  namespace: flux-system
---
apiVersion: v1
kind: ServiceAccount
metadata:
  labels: {app.kubernetes.io/part-of: flux}
  name: source-controller
  namespace: flux-system
imagePullSecrets:
- name: mirror
---
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      serviceAccountName: source-controller
      containers:
      - image: registry.corp.example:5000/flux/source-controller:v1
"""
SYNC = """\
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  url: https://git.example.com/fleet
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: flux-system
  namespace: flux-system
spec:
  path: ./clusters/prod
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
"""
KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- gotk-components.yaml
- gotk-sync.yaml
"""


def tree(files: Mapping[str, str]) -> Overlay:
    return Overlay(list(files), lambda path: files[path].encode() if path in files else None)


def live(**more: str) -> dict[str, str]:
    files = {
        f"{FLUX}/gotk-components.yaml": COMPONENTS,
        f"{FLUX}/gotk-sync.yaml": SYNC,
        f"{FLUX}/kustomization.yaml": KUSTOMIZATION,
    }
    return files | {key.replace("__", "/"): value for key, value in more.items()}


def load(overlay: Overlay, path: str) -> dict[str, object]:
    content = overlay.read(path)
    assert content is not None
    return dict(YAML(typ="safe").load(content))


def pull_secrets(overlay: Overlay) -> dict[str, list[str]]:
    """Return, from the patches as written, which pull Secrets each ServiceAccount ends up with."""
    found = {}
    for patch in load(overlay, f"{FLUX}/kustomization.yaml")["patches"]:  # type: ignore[attr-defined]
        body = YAML(typ="safe").load(patch["patch"])
        for name in patch["target"]["name"].strip("()").split("|"):
            found[name] = [entry["name"] for entry in body["imagePullSecrets"]]
    return found


def test_before_flux_is_there_its_three_files_are_made_and_every_account_is_patched() -> None:
    overlay = tree({})
    wired = wire(overlay, PROD, "regcred", None, None)
    assert {c.path for c in overlay.changes()} == {
        f"{FLUX}/gotk-components.yaml",
        f"{FLUX}/gotk-sync.yaml",
        f"{FLUX}/kustomization.yaml",
        "clusters/prod/pull-secrets.yaml",
    }
    assert wired.service_accounts == FLUX_SERVICE_ACCOUNTS
    assert pull_secrets(overlay) == {name: ["regcred"] for name in FLUX_SERVICE_ACCOUNTS}
    assert not wired.installation.bootstrapped


def test_on_a_live_cluster_each_account_keeps_what_it_has() -> None:
    overlay = tree(live())
    wire(overlay, PROD, "regcred", None, None)
    assert pull_secrets(overlay) == {
        "kustomize-controller": ["regcred"],
        "source-controller": ["mirror", "regcred"],
    }


def test_a_patch_that_is_there_keeps_its_pull_secret_too() -> None:
    patch = (
        "patches:\n- patch: |\n    - op: add\n      path: /imagePullSecrets\n"
        "      value: [{name: theirs}]\n  target: {kind: ServiceAccount}\n"
    )
    overlay = tree(live() | {f"{FLUX}/kustomization.yaml": KUSTOMIZATION + patch})
    wire(overlay, PROD, "regcred", None, None)
    content = overlay.read(f"{FLUX}/kustomization.yaml") or b""
    assert content.decode().startswith(KUSTOMIZATION + patch)
    assert b"- name: theirs\n      - name: regcred" in content


def test_a_second_run_changes_nothing_even_after_flux_bootstrap_filled_its_files() -> None:
    first = tree({})
    wire(first, PROD, "regcred", None, None)
    files = {c.path: c.after.decode() for c in first.changes()}
    second = tree(files)
    wire(second, PROD, "regcred", None, None)
    assert second.changes() == ()
    third = tree(
        files
        | {
            f"{FLUX}/gotk-sync.yaml": SYNC,
            f"{FLUX}/gotk-components.yaml": COMPONENTS.replace(
                "imagePullSecrets:\n- name: mirror\n", ""
            ),
        }
    )
    wire(third, PROD, "regcred", None, None)
    assert third.changes() == ()


def test_a_second_pull_secret_joins_the_first() -> None:
    overlay = tree({})
    wire(overlay, PROD, "one", None, None)
    wire(overlay, PROD, "two", None, None)
    assert set(map(tuple, pull_secrets(overlay).values())) == {("one", "two")}


def test_the_kustomization_decrypts_its_own_folder_and_never_prunes() -> None:
    overlay = tree(live())
    wire(overlay, PROD, "regcred", None, None)
    spec = load(overlay, "clusters/prod/pull-secrets.yaml")["spec"]
    assert spec == {
        "interval": "10m",
        "retryInterval": "1m",
        "timeout": "2m",
        "path": "./pull-secrets/prod",
        "prune": False,
        "wait": True,
        "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        "decryption": {"provider": "sops", "secretRef": {"name": "sops-age"}},
    }


def test_an_interval_that_the_user_changed_stays() -> None:
    overlay = tree(live())
    wire(overlay, PROD, "regcred", None, None)
    files = {c.path: c.after.decode() for c in overlay.changes()}
    files["clusters/prod/pull-secrets.yaml"] = files["clusters/prod/pull-secrets.yaml"].replace(
        "interval: 10m", "interval: 1h"
    )
    again = tree(live() | files)
    wire(again, PROD, "regcred", None, None)
    assert again.changes() == ()


def test_a_kustomization_of_the_clusters_path_lists_ours() -> None:
    overlay = tree(
        live(clusters__prod__kustomization_yaml="")
        | {
            "clusters/prod/kustomization.yaml": KUSTOMIZATION.replace(
                "gotk-components.yaml", "flux-system"
            )
        }
    )
    wire(overlay, PROD, "regcred", None, None)
    resources = load(overlay, "clusters/prod/kustomization.yaml")["resources"]
    assert resources == ["flux-system", "gotk-sync.yaml", "pull-secrets.yaml"]


def test_a_namespace_that_would_move_our_kustomization_stops_the_run() -> None:
    files = live() | {"clusters/prod/kustomization.yaml": "namespace: apps\nresources: []\n"}
    with pytest.raises(GitOpsSecretsError, match="namespace apps"):
        wire(tree(files), PROD, "regcred", None, None)


def test_lockdown_gives_ours_the_account_that_flux_itself_has() -> None:
    lockdown = (
        "patches:\n- patch: |\n    - op: add\n      path: /spec/serviceAccountName\n"
        "      value: kustomize-controller\n  target: {kind: Kustomization, name: flux-system}\n"
    )
    overlay = tree(live() | {f"{FLUX}/kustomization.yaml": KUSTOMIZATION + lockdown})
    wire(overlay, PROD, "regcred", None, None)
    spec = load(overlay, "clusters/prod/pull-secrets.yaml")["spec"]
    assert spec["serviceAccountName"] == "kustomize-controller"  # type: ignore[index]


def test_lockdown_without_an_account_is_said() -> None:
    args = COMPONENTS + "        args:\n        - --default-service-account=default\n"
    overlay = tree(live() | {f"{FLUX}/gotk-components.yaml": args})
    wired = wire(overlay, PROD, "regcred", None, None)
    assert "runs as kustomize-controller" in wired.notes[0]


def test_another_namespace_and_source_are_read_from_the_repository() -> None:
    folder = "clusters/prod/fleet"
    files = {
        f"{folder}/gotk-components.yaml": COMPONENTS,
        f"{folder}/gotk-sync.yaml": SYNC.replace("flux-system", "fleet"),
        f"{folder}/kustomization.yaml": KUSTOMIZATION,
    }
    overlay = tree(files)
    wired = wire(overlay, PROD, "regcred", None, None)
    assert wired.installation.namespace == "fleet"
    assert load(overlay, "clusters/prod/pull-secrets.yaml")["spec"]["sourceRef"] == {  # type: ignore[index]
        "kind": "GitRepository",
        "name": "fleet",
    }


def test_before_there_is_a_sync_the_flags_say_it() -> None:
    overlay = tree({})
    wired = wire(overlay, PROD, "regcred", "fleet", Source("OCIRepository", "fleet"))
    assert wired.installation.namespace == "fleet"
    assert overlay.read("clusters/prod/fleet/kustomization.yaml") is not None


def test_flags_that_contradict_the_repository_are_refused() -> None:
    with pytest.raises(UsageError, match="has Flux read GitRepository/flux-system"):
        wire(tree(live()), PROD, "regcred", None, Source("OCIRepository", "x"))


def test_an_artifact_that_is_made_from_a_folder_stops_the_run() -> None:
    files = live() | {f"{FLUX}/gotk-sync.yaml": SYNC.replace("./clusters/prod", "./")}
    with pytest.raises(GitOpsSecretsError, match=r"Flux reads \. by it"):
        wire(tree(files), PROD, "regcred", None, None)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("  sparseCheckout: [clusters, apps]\n", "sparseCheckout leaves pull-secrets/prod out"),
        ("  ignore: |\n    /*\n    !/clusters\n", "ignore rules leave pull-secrets/prod out"),
    ],
)
def test_an_artifact_that_would_lack_our_folder_stops_the_run(spec: str, says: str) -> None:
    files = live() | {f"{FLUX}/gotk-sync.yaml": SYNC.replace("  url:", f"{spec}  url:", 1)}
    with pytest.raises(GitOpsSecretsError, match=says):
        wire(tree(files), PROD, "regcred", None, None)


@pytest.mark.parametrize(
    "spec",
    [
        "  sparseCheckout: [clusters, pull-secrets]\n",
        "  ignore: |\n    /*\n    !/clusters\n    !/pull-secrets\n",
        "  ignore: |\n    pull-secrets/\n    !/pull-secrets/prod\n",
    ],
)
def test_an_artifact_that_has_our_folder_is_fine(spec: str) -> None:
    files = live() | {f"{FLUX}/gotk-sync.yaml": SYNC.replace("  url:", f"{spec}  url:", 1)}
    wire(tree(files), PROD, "regcred", None, None)


def test_a_sourceignore_counts_as_well() -> None:
    files = live() | {".sourceignore": "pull-secrets/\n"}
    with pytest.raises(GitOpsSecretsError, match=r"^\.sourceignore"):
        wire(tree(files), PROD, "regcred", None, None)


def test_somebody_elses_kustomization_of_that_name_stops_the_run() -> None:
    other = SYNC.split("---\n")[2].replace("name: flux-system", "name: pull-secrets", 1)
    files = live() | {"clusters/prod/apps.yaml": other}
    with pytest.raises(GitOpsSecretsError, match=r"clusters/prod/apps.yaml:1: .*not made for"):
        wire(tree(files), PROD, "regcred", None, None)


def test_somebody_elses_file_of_that_name_stops_the_run() -> None:
    files = live() | {"clusters/prod/pull-secrets.yaml": "kind: ConfigMap\n"}
    with pytest.raises(GitOpsSecretsError, match="was not made by gitops-secrets"):
        wire(tree(files), PROD, "regcred", None, None)


def test_a_kustomization_that_would_swallow_our_folder_stops_the_run() -> None:
    apps = SYNC.split("---\n")[2].replace("name: flux-system", "name: apps", 1)
    apps = apps.replace("./clusters/prod", "./")
    files = live() | {"clusters/prod/apps.yaml": apps}
    with pytest.raises(GitOpsSecretsError, match="Kustomization apps takes all of"):
        wire(tree(files), PROD, "regcred", None, None)


def test_at_the_root_a_kustomization_lists_what_flux_would_have_taken() -> None:
    root = Cluster(".")
    files = {
        "flux-system/gotk-components.yaml": COMPONENTS,
        "flux-system/gotk-sync.yaml": SYNC.replace("./clusters/prod", "./"),
        "flux-system/kustomization.yaml": KUSTOMIZATION,
        "apps/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        "infra/kustomization.yaml": KUSTOMIZATION,
        "infra/x.yaml": "apiVersion: v1\nkind: ConfigMap\n",
        ".pre-commit-config.yaml": "repos: []\n",
        ".sops.yaml": "creation_rules: []\n",
    }
    overlay = tree(files)
    wired = wire(overlay, root, "regcred", None, None)
    resources = load(overlay, "kustomization.yaml")["resources"]
    assert resources == ["apps/web.yaml", "flux-system", "infra", "pull-secrets.yaml"]
    assert any(".pre-commit-config.yaml is not a Kubernetes manifest" in n for n in wired.notes)


def test_the_generator_does_not_enter_a_folder_with_a_kustomization() -> None:
    files = {
        "c/a.yaml": b"apiVersion: v1\nkind: X\n",
        "c/sub/kustomization.yml": b"resources: []\n",
        "c/sub/deep/b.yaml": b"apiVersion: v1\nkind: X\n",
    }
    assert generated_resources("c", files) == (["a.yaml", "sub"], [])


def test_the_registry_of_fluxs_own_images_is_the_default() -> None:
    assert private_registry(tree(live()), PROD, None) == "registry.corp.example:5000"


@pytest.mark.parametrize(
    "image", ["ghcr.io/fluxcd/source-controller:v1", "fluxcd/source-controller:v1", ""]
)
def test_without_a_private_registry_it_is_asked_for(image: str) -> None:
    components = COMPONENTS.replace("registry.corp.example:5000/flux/source-controller:v1", image)
    files = live() | {f"{FLUX}/gotk-components.yaml": components}
    with pytest.raises(UsageError, match="which registry"):
        private_registry(tree(files), PROD, None)


def test_every_cluster_that_flux_bootstrapped_is_found() -> None:
    files = ["clusters/a/flux-system/gotk-sync.yaml", "clusters/b/fleet/gotk-sync.yaml", "x.yaml"]
    found = clusters_of(tree(dict.fromkeys(files, "")))
    assert [c.path for c in found] == ["clusters/a", "clusters/b"]
