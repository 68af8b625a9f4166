"""The traps of Flux: each breaks a real Flux when it is done by hand, and doctor said so beforehand.

What doctor says comes from the clone alone, before anything is pushed.
"""

from __future__ import annotations

import base64

import pytest

from tests.e2e.live import DECRYPTED, FLUX, VALUE, Live, apps, secret
from tests.e2e.process import E2EError
from tests.support.githttp import Repository

PATCH = """\
- patch: |
    - op: add
      path: /spec/decryption
      value: {provider: sops, secretRef: {name: sops-age}}
  target: {kind: Kustomization, name: flux-system}
"""
LOCKDOWN = """\
- patch: |
    - op: add
      path: /spec/template/spec/containers/0/args/-
      value: --default-service-account=default
  target: {kind: Deployment, name: kustomize-controller}
- patch: |
    - op: add
      path: /spec/serviceAccountName
      value: kustomize-controller
  target: {kind: Kustomization, name: flux-system}
"""


def test_an_encrypted_secret_in_flux_system_breaks_the_next_flux_bootstrap(
    live: Live, repository: Repository
) -> None:
    live.seal(f"{FLUX}/db.yaml", secret())
    path = f"{FLUX}/kustomization.yaml"
    live.write(path, live.read(path).replace("- gotk-sync.yaml\n", "- gotk-sync.yaml\n- db.yaml\n"))
    assert live.doctor().startswith(f"error[flux-folder]: {FLUX}/db.yaml is encrypted")
    live.push()
    with pytest.raises(E2EError, match="sops"):
        live.flux.bootstrap(repository, "clusters/prod")


def test_the_decryption_and_what_needs_it_in_one_push_deadlock(live: Live) -> None:
    live.seal("clusters/prod/db.yaml", secret())
    live.customise(PATCH)
    assert live.doctor().startswith("error[deadlock]: clusters/prod/db.yaml arrives in the same")
    commit = live.push()
    assert "SOPS encrypted" in live.message("flux-system", commit)
    own = live.cluster.get("Kustomization", "flux-system", "flux-system")
    assert "decryption" not in own["spec"], "the patch that would fix it is held back too"


def test_encrypted_files_without_decryption_are_not_applied(live: Live) -> None:
    live.seal("apps/db.yaml", secret())
    live.write("clusters/prod/apps.yaml", apps(""))
    assert live.doctor().startswith("error[decryption]: Kustomization flux-system/apps applies")
    assert "SOPS encrypted" in live.message("apps", live.push())


def test_without_decryption_the_ciphertext_of_string_data_becomes_the_password(live: Live) -> None:
    """Flux makes data of stringData, loses the sops block on the way, and reports success."""
    text = secret().replace("\ndata:", "\nstringData:").replace(VALUE, "correct horse")
    live.seal("apps/db.yaml", text)
    live.write("clusters/prod/apps.yaml", apps(""))
    said = live.doctor()
    assert said.startswith("error[decryption]: Kustomization flux-system/apps applies encrypted")
    assert "the ciphertext becomes the value" in said
    live.flux.wait_ready("apps", revision=live.push())
    password = live.cluster.get("Secret", "db", "flux-system")["data"]["password"]
    assert base64.b64decode(password).startswith(b"ENC[AES256_GCM,")


def test_a_file_that_is_no_object_stops_a_generated_kustomization(live: Live) -> None:
    live.write("clusters/prod/.pre-commit-config.yaml", "repos: []\n")
    said = "error[foreign-file]: clusters/prod/.pre-commit-config.yaml is not a Kubernetes object"
    assert live.doctor().startswith(said)
    assert ".pre-commit-config.yaml" in live.message("flux-system", live.push())


def test_a_missing_namespace_stops_everything_beside_it(live: Live) -> None:
    live.seal("apps/db.yaml", secret("nowhere"))
    live.write("clusters/prod/apps.yaml", apps())
    assert live.doctor().startswith("warning[namespace]: apps/db.yaml is for namespace nowhere")
    assert "nowhere" in live.message("apps", live.push())


def test_an_object_without_a_namespace_stops_everything_beside_it(live: Live) -> None:
    live.write(
        "apps/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
    )
    live.write(
        "apps/limits.yaml",
        "apiVersion: v1\nkind: LimitRange\nmetadata: {name: l, namespace: default}\nspec: {limits: []}\n",
    )
    live.write("clusters/prod/apps.yaml", apps())
    said = live.doctor()
    assert said.startswith("error[no-namespace]: ConfigMap settings of apps/settings.yaml:1 has no")
    assert "namespace not specified" in live.message("apps", live.push())
    assert live.cluster.find("LimitRange", "l", "default") is None


def test_a_lockdown_forbids_a_kustomization_without_an_account(live: Live) -> None:
    live.customise(LOCKDOWN)
    live.flux.wait_ready("flux-system", revision=live.push())
    live.flux.stop()
    live.flux.start("--default-service-account=default")
    said = live.doctor()
    assert said.startswith("error[lockdown]: Kustomization flux-system/pull-secrets names no")
    # Bootstrap, run again, gives its own Kustomization the account that the lockdown asks for.
    live.operator.bootstrap("robot:correct horse battery staple")
    assert live.doctor().startswith("gitops-secrets: healthy")
    live.flux.wait_ready("pull-secrets", revision=live.operator.push())

    live.write("clusters/prod/apps.yaml", apps())
    live.seal("apps/db.yaml", secret())
    assert live.doctor().startswith("error[lockdown]: Kustomization flux-system/apps names no")
    assert "forbidden" in live.message("apps", live.push())


def test_an_identity_under_another_suffix_is_passed_over(live: Live) -> None:
    identity = next(live.operator.home.rglob("*.agekey")).read_text().splitlines()[-1]
    # Readable in Git as it stands here: what is shown is how Flux takes its name.
    live.write(
        "clusters/prod/keys.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: other-age, namespace: flux-system}\n"
        f"stringData: {{age.key: {identity}}}\n",
    )
    live.seal("apps/db.yaml", secret())
    live.write("clusters/prod/apps.yaml", apps(DECRYPTED.replace("sops-age", "other-age")))
    said = live.doctor()
    assert "error[decryption-secret]" in said.splitlines()[0]
    assert "whose key age.key Flux passes over" in said
    assert "data key" in live.message("apps", live.push())


def test_a_ciphertext_that_moves_to_another_namespace_is_decrypted_there(live: Live) -> None:
    live.seal("apps/db.yaml", secret())
    live.write("clusters/prod/apps.yaml", apps())
    live.flux.wait_ready("apps", revision=live.push())
    live.cluster.create_namespace("stolen")
    path = "apps/db.yaml"
    live.write(path, live.read(path).replace("namespace: flux-system", "namespace: stolen"))
    said = live.doctor()
    assert "error[moved]: apps/db.yaml holds the ciphertext of Secret flux-system/db" in said
    live.flux.wait_ready("apps", revision=live.push())
    assert live.cluster.get("Secret", "db", "stolen")["data"]["password"] == "aHVudGVyMg=="


def test_a_config_map_with_the_ciphertext_of_data_is_decrypted_for_everybody(live: Live) -> None:
    live.seal("apps/db.yaml", secret())
    live.write("clusters/prod/apps.yaml", apps())
    path = "apps/db.yaml"
    live.write(path, live.read(path).replace("kind: Secret", "kind: ConfigMap"))
    assert live.doctor().startswith("error[encrypted-kind]: apps/db.yaml is an encrypted ConfigMap")
    live.flux.wait_ready("apps", revision=live.push())
    seen = live.cluster.get("ConfigMap", "db", "flux-system")["data"]
    assert seen["password"] in ("aHVudGVyMg==", "hunter2")
