"""A repository whose Flux the Flux Operator installs: wired through its FluxInstance."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from gitops_secrets.core.flux.objects import Source
from gitops_secrets.core.flux.roots.root import Installer
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.wiring.images import private_registry
from gitops_secrets.core.wiring.wire import wire
from gitops_secrets.errors import GitOpsSecretsError, UsageError

PROD = Cluster("clusters/prod")
FILE = "clusters/prod/flux-system/flux-instance.yaml"
INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata:
  name: flux
  namespace: flux-system
spec:
  distribution:
    version: "2.x"  # the newest
    registry: registry.corp.example:5000/fluxcd
  components:
    - source-controller
    - kustomize-controller
  sync:
    kind: GitRepository
    url: https://git.example.com/fleet
    ref: refs/heads/main
    path: clusters/prod
"""
MINE = """\
  kustomize:
    patches:
      - patch: |
          apiVersion: v1
          kind: ServiceAccount
          metadata:
            name: any
          imagePullSecrets:
            - name: mine
        target:
          kind: ServiceAccount
          name: source-controller
"""


def tree(text: str = INSTANCE, **files: str) -> Overlay:
    held = {FILE: text, **files}
    return Overlay(list(held), lambda path: held[path].encode() if path in held else None)


def written(overlay: Overlay) -> dict[str, str]:
    return {c.path: (c.after or b"").decode() for c in overlay.changes()}


def secrets(text: str) -> dict[str, list[str]]:
    """By target, the pull Secrets of the patches, as a YAML 1.2 reader has them."""
    patches = YAML(typ="safe").load(text)["spec"]["kustomize"]["patches"]
    return {
        p["target"]["name"]: [
            e["name"] for e in YAML(typ="safe").load(p["patch"])["imagePullSecrets"]
        ]
        for p in patches
    }


def test_its_patches_carry_the_pull_secret_and_no_file_of_flux_bootstrap_is_made() -> None:
    overlay = tree()
    wired = wire(overlay, PROD, "regcred", None, None)
    assert sorted(written(overlay)) == [FILE, "clusters/prod/pull-secrets.yaml"]
    changed = written(overlay)[FILE]
    assert changed.startswith(INSTANCE), "every byte that was there stays"
    assert secrets(changed) == {"(source-controller|kustomize-controller)": ["regcred"]}
    assert wired.service_accounts == ("source-controller", "kustomize-controller")
    assert "name: flux-system" in written(overlay)["clusters/prod/pull-secrets.yaml"]


def test_pull_secrets_that_are_there_survive() -> None:
    own = INSTANCE.replace("  components:", "    imagePullSecret: operator\n  components:") + MINE
    overlay = tree(own)
    wire(overlay, PROD, "regcred", None, None)
    found = secrets(written(overlay)[FILE])
    assert found["source-controller"] == ["operator", "mine", "regcred"]
    assert found["kustomize-controller"] == ["operator", "regcred"]


def test_a_second_run_changes_nothing() -> None:
    first = tree()
    wire(first, PROD, "regcred", None, None)
    after = written(first)
    again = tree(after[FILE], **{p: t for p, t in after.items() if p != FILE})
    wire(again, PROD, "regcred", None, None)
    assert written(again) == {}


def test_under_multitenancy_our_kustomization_runs_as_fluxs_own_does() -> None:
    overlay = tree(INSTANCE + "  cluster:\n    multitenant: true\n")
    wire(overlay, PROD, "regcred", None, None)
    ours = written(overlay)["clusters/prod/pull-secrets.yaml"]
    assert "  serviceAccountName: kustomize-controller\n" in ours


def test_the_source_is_the_one_that_it_syncs() -> None:
    overlay = tree(INSTANCE.replace("kind: GitRepository", "kind: OCIRepository\n    name: fleet"))
    wired = wire(overlay, PROD, "regcred", None, None)
    assert wired.installation.source == Source("OCIRepository", "fleet")


def test_one_that_flux_does_not_apply_itself_has_to_be_applied_by_hand() -> None:
    wired = wire(tree(), PROD, "regcred", None, None)
    assert wired.notes == ()
    held = {"infra/flux.yaml": INSTANCE}
    overlay = Overlay(list(held), lambda path: held[path].encode() if path in held else None)
    [note] = wire(overlay, PROD, "regcred", None, None).notes
    assert "kubectl apply -f infra/flux.yaml" in note


def test_the_registry_is_the_one_of_its_distribution() -> None:
    assert private_registry(tree(), PROD, None) == "registry.corp.example:5000"


def test_without_sync_the_path_it_lies_below_decides_and_the_user_names_the_source() -> None:
    overlay = tree(INSTANCE[: INSTANCE.index("  sync:")])
    wired = wire(overlay, PROD, "regcred", None, Source("Bucket", "fleet"))
    assert wired.installation.source == Source("Bucket", "fleet")


def test_another_path_is_refused_with_the_one_it_syncs() -> None:
    overlay = tree(INSTANCE.replace("path: clusters/prod", "path: clusters/dev"))
    with pytest.raises(
        GitOpsSecretsError, match="has Flux read clusters/dev, not clusters/prod"
    ) as error:
        wire(overlay, PROD, "regcred", None, None)
    assert error.value.hints[0] == "--path clusters/dev"


def test_what_the_user_says_and_it_denies_is_refused() -> None:
    with pytest.raises(UsageError, match="has Flux in flux-system, not in flux"):
        wire(tree(), PROD, "regcred", "flux", None)
    with pytest.raises(UsageError, match="has Flux read GitRepository/flux-system"):
        wire(tree(), PROD, "regcred", None, Source("Bucket", "b"))


def test_what_stands_beside_it_in_its_file_stays() -> None:
    before = (
        "apiVersion: v1\nkind: Namespace\nmetadata: &m {name: flux-system, labels: {a: b}}\n---\n"
    )
    after = "---\n# the end\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    overlay = tree(f"{before}{INSTANCE}{after}")
    wire(overlay, PROD, "regcred", None, None)
    changed = written(overlay)[FILE]
    assert changed.startswith(before + INSTANCE)
    assert changed.endswith(after)
    assert "- name: regcred" in changed


def test_a_flavour_that_is_not_what_installs_flux_is_refused() -> None:
    empty = Overlay([], lambda _: None)
    with pytest.raises(UsageError, match="no FluxInstance syncs clusters/prod"):
        wire(empty, PROD, "regcred", None, None, Installer.OPERATOR)
    overlay = tree()
    with pytest.raises(
        UsageError, match="the Flux Operator installs the Flux that reads clusters/prod"
    ):
        wire(overlay, PROD, "regcred", None, None, Installer.BOOTSTRAP)
    assert not written(overlay)


def test_inline_its_kustomization_decrypts_by_a_patch_of_its_own() -> None:
    overlay = tree()
    inline = PROD._replace(inline=True)
    wire(overlay, inline, "regcred", None, None)
    after = written(overlay)
    assert list(after) == [FILE]
    patch = YAML(typ="safe").load(after[FILE])["spec"]["kustomize"]["patches"][-1]
    assert patch["target"] == {"kind": "Kustomization", "name": "flux-system"}
    assert YAML(typ="safe").load(patch["patch"])["spec"] == {
        "decryption": {"provider": "sops", "secretRef": {"name": "sops-age"}}
    }
    again = tree(after[FILE])
    wire(again, inline, "regcred", None, None)
    assert written(again) == {}
