"""More traps of Flux: a root path, field managers, and lists and maps that an apply by hand takes away.

As in test_traps: by hand it breaks a real cluster, doctor says so where it can be known, and the
tool's own way avoids it.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from pyrage import x25519

from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.encrypted import Identity
from tests.e2e.flux import Flux
from tests.e2e.live import FLUX, Live, secret
from tests.e2e.operator import Operator
from tests.e2e.process import E2EError
from tests.support.githttp import Repository

NAMESPACE = "--namespace=flux-system"

NO_PROBLEM = ("gitops-secrets: healthy", "gitops-secrets: no problems, and 1 note")
"""Without credentials a note names the images of Flux, which are pulled from a registry of the suite."""


def ask(live: Live) -> str:
    """What doctor says of Git and the cluster."""
    kubeconfig = str(live.cluster.kubeconfig)
    return live.operator.run("doctor", "--context", CONTEXT, "--kubeconfig", kubeconfig, ok=False)


@pytest.fixture
def root(fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, tmp_path: Path) -> Live:
    """A cluster whose Flux reads the repository's root, without a kustomization.yaml of its own."""
    fresh_flux.bootstrap(repository, "./", "--registry=registry.example.com/fluxcd")
    operator = Operator(repository, tmp_path / "operator")
    found = Live(fresh_cluster, fresh_flux, operator)
    assert found.doctor().startswith(NO_PROBLEM)
    return found


def test_at_a_root_path_flux_takes_the_encrypted_file_itself(
    root: Live, identity: Identity
) -> None:
    """Its Kustomization has no decryption, and one file that it cannot apply holds back all others."""
    plain = root.operator.home / "plain.yaml"
    plain.write_text(secret(name="regcred"))
    path = "pull-secrets/root/regcred.sops.yaml"
    root.operator.run("encrypt", str(plain), "--to", path, "--age-recipient", identity.recipient)
    said = root.doctor()
    assert said.startswith(
        "error[decryption]: Kustomization flux-system/flux-system applies encrypted"
    )
    assert "SOPS encrypted" in root.message("flux-system", root.push())

    (root.operator.clone / path).unlink()
    root.push()
    root.operator.run(
        *("bootstrap", "--path", ".", "--image-pull-secret", "regcred"),
        *("--registry", "registry.example.com", "--registry-creds-env", "CREDS"),
        creds="robot:correct horse battery staple",
    )
    root.operator.run(
        *("apply", "--path", ".", "--context", CONTEXT, "--yes"),
        *("--kubeconfig", str(root.cluster.kubeconfig)),
    )
    assert root.doctor().startswith(NO_PROBLEM), "bootstrap lists what Flux is to take"
    commit = root.operator.push()
    root.flux.wait_ready("flux-system", revision=commit)
    root.flux.wait_ready("pull-secrets", revision=commit)
    assert root.cluster.get("Secret", "regcred", "flux-system")["type"].endswith("dockerconfigjson")


def test_one_ignore_rule_lets_the_sops_config_into_a_root_path(root: Live) -> None:
    """Flux leaves .sops.yaml out by itself, but only as long as there is no rule at all."""
    root.write(".sops.yaml", "creation_rules: []\n")
    assert root.doctor().startswith(NO_PROBLEM)
    root.flux.wait_ready("flux-system", revision=root.push())
    root.write(".sourceignore", "/docs\n")
    said = root.doctor()
    assert said.startswith("error[sops-config]: .sops.yaml is let into what Flux fetches")
    assert ".sops.yaml" in root.message("flux-system", root.push())
    fix = said.partition("hint: ")[2].splitlines()[0]
    assert fix == "echo /.sops.yaml >> .sourceignore"
    root.write(".sourceignore", "/docs\n/.sops.yaml\n")
    assert root.doctor().startswith(NO_PROBLEM)
    root.flux.wait_ready("flux-system", revision=root.push())


def test_the_command_that_leaves_a_file_out_leaves_out_the_rest_as_before(root: Live) -> None:
    """The first ignore rule ends Flux's own: the command that is named puts those down as well."""
    root.write(".sops.yaml", "creation_rules: []\n")
    root.write(".github/workflows/ci.yaml", "on: push\n")
    root.write("values.yaml", "- no object\n")
    said = root.doctor()
    assert said.startswith("error[foreign-file]: values.yaml is not a Kubernetes object")
    assert "values.yaml" in root.message("flux-system", root.push())
    root.shell(said.partition("hint: ")[2].splitlines()[0])
    assert root.doctor().startswith(NO_PROBLEM)
    root.flux.wait_ready("flux-system", revision=root.push())


def test_flux_owns_what_it_applied_and_undoes_what_is_forced(live: Live) -> None:
    """Server-side apply by hand is a conflict, and by force is gone at the next reconcile."""
    config = base64.b64encode(b'{"auths":{"registry.example.com":{"auth":"YTpi"}}}').decode()
    manifest = json.dumps({"apiVersion": "v1", "kind": "Secret", "data": {".dockerconfigjson": config},
                           "metadata": {"name": "regcred", "namespace": "flux-system"}})  # fmt: skip
    by_hand = ("apply", "--server-side", "--field-manager=hand", "-f", "-")
    with pytest.raises(E2EError, match="conflict"):
        live.cluster.kubectl(*by_hand, input=manifest)
    live.cluster.kubectl(*by_hand, "--force-conflicts", input=manifest)
    assert ask(live).startswith("warning[drift]: Secret flux-system/regcred has another value")
    assert live.doctor().startswith(NO_PROBLEM), "Git alone cannot know"
    assert "Flux owns it" in live.operator.apply(live.cluster, ok=False)
    assert live.flux.reconcile("pull-secrets")["status"] == "True"
    assert (
        live.cluster.get("Secret", "regcred", "flux-system")["data"][".dockerconfigjson"] != config
    )
    assert ask(live).startswith(NO_PROBLEM)

    # A change that lasts goes through Git.
    live.operator.bootstrap("robot:another word")
    live.flux.wait_ready("pull-secrets", revision=live.operator.push())
    assert live.operator.apply(live.cluster).count("unchanged") == 3


def test_an_identity_that_is_applied_by_hand_takes_the_other_away(live: Live) -> None:
    """The same manager applies the map again without a key that it had applied: that key goes."""
    kept = live.cluster.get("Secret", "sops-age", "flux-system")["data"]
    ((_, own),) = kept.items()
    other = base64.b64encode(f"{x25519.Identity.generate()}\n".encode()).decode()
    live.flux.stop()
    live.cluster.kubectl("delete", "secret", "sops-age", NAMESPACE)

    def by_hand(**data: str) -> None:
        manifest = {"apiVersion": "v1", "kind": "Secret", "data": {f"{k}.agekey": v for k, v in data.items()},
                    "metadata": {"name": "sops-age", "namespace": "flux-system"}}  # fmt: skip
        apply = ("apply", "--server-side", "--field-manager=hand", "-f", "-")
        live.cluster.kubectl(*apply, input=json.dumps(manifest))

    by_hand(prod=own)
    assert ask(live).startswith(NO_PROBLEM)
    by_hand(new=other)
    assert list(live.cluster.get("Secret", "sops-age", "flux-system")["data"]) == ["new.agekey"]
    assert ask(live).startswith("error[identity]: no identity in Secret flux-system/sops-age opens")
    live.flux.start()
    live.operator.bootstrap("robot:another word")
    assert "data key" in live.message("pull-secrets", live.operator.push())

    live.operator.apply(live.cluster, "--force")
    data = live.cluster.get("Secret", "sops-age", "flux-system")["data"]
    assert len(data) == 2, "apply adds its own beside it"
    assert other in data.values()
    assert live.flux.reconcile("pull-secrets")["status"] == "True"
    assert ask(live).startswith(NO_PROBLEM)


def test_a_patch_by_hand_replaces_the_pull_secrets_that_were_there(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, tmp_path: Path
) -> None:
    """The list has no merge key. What stood there survives bootstrap, also where a patch put it."""
    fresh_flux.bootstrap(repository, "clusters/prod", "--registry=registry.example.com/fluxcd")
    live = Live(fresh_cluster, fresh_flux, Operator(repository, tmp_path / "operator"))
    path = f"{FLUX}/kustomization.yaml"
    before = live.read(path)

    def patch(name: str) -> str:
        return (
            "- target: {kind: ServiceAccount}\n  patch: |\n    apiVersion: v1\n    kind: ServiceAccount\n"
            f"    metadata: {{name: all}}\n    imagePullSecrets: [{{name: {name}}}]\n"
        )

    def accounts() -> list[list[str]]:
        found = (
            live.cluster.get("ServiceAccount", name, "flux-system")
            for name in ("source-controller", "kustomize-controller")
        )
        return [[e["name"] for e in account["imagePullSecrets"]] for account in found]

    live.write(path, f"{before}patches:\n{patch('theirs')}{patch('ours')}")
    live.flux.wait_ready("flux-system", revision=live.push())
    assert accounts() == [["ours"]] * 2, "theirs is lost"

    live.write(path, f"{before}patches:\n{patch('theirs')}")
    live.push()
    live.operator.bootstrap("robot:word")
    live.operator.apply(live.cluster)
    live.flux.wait_ready("flux-system", revision=live.operator.push())
    assert accounts() == [["theirs", "regcred"]] * 2
    live.flux.wait_ready("pull-secrets")
    assert ask(live).startswith(NO_PROBLEM)
