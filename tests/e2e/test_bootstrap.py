"""What bootstrap commits, a real Flux decrypts: on a new cluster and on a live one, in one commit."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.support.githttp import Repository

SIMPLE = "robot:correct horse battery staple"
AWKWARD = """_json_key:{"k": "a:b", 'q': "${x} $(x) $$ \\n"}\n  ünïcode \U0001f511\n"""
ACCOUNTS = ("source-controller", "kustomize-controller")
PULL_SECRETS = "pull-secrets"


@pytest.fixture
def operator(repository: Repository, tmp_path: Path) -> Operator:
    """An operator with an empty clone."""
    return Operator(repository, tmp_path / "operator")


def credentials(cluster: Cluster, registry: str = "registry.example.com") -> str:
    """USER:PASSWORD of *registry* in the cluster's pull Secret, as the kubelet would decode it."""
    secret = cluster.get("Secret", "regcred", "flux-system")
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    config = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    return base64.b64decode(config["auths"][registry]["auth"]).decode()


def pull_secrets(cluster: Cluster, account: str) -> list[str]:
    """The names of an account's pull Secrets."""
    found = cluster.get("ServiceAccount", account, "flux-system")
    return [entry["name"] for entry in found.get("imagePullSecrets", [])]


def test_a_new_cluster_pulls_from_its_first_pod_on(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    operator.bootstrap(SIMPLE)
    assert len(operator.git("rev-list", "HEAD").split()) == 1
    operator.push()
    operator.apply(fresh_cluster)
    assert credentials(fresh_cluster) == SIMPLE, "the credential is there before Flux is"

    fresh_flux.bootstrap(repository, "clusters/prod")

    fresh_flux.wait_ready(PULL_SECRETS)
    assert credentials(fresh_cluster) == SIMPLE
    for account in ACCOUNTS:
        assert pull_secrets(fresh_cluster, account) == ["regcred"]
    pod = json.dumps({"spec": {"serviceAccountName": "source-controller"}})
    fresh_cluster.kubectl(
        *("run", "source", "--namespace=flux-system", "--image=registry.example.com/x"),
        f"--overrides={pod}",
    )
    made = fresh_cluster.get("Pod", "source", "flux-system")
    assert made["spec"]["imagePullSecrets"] == [{"name": "regcred"}]

    fresh_flux.bootstrap(repository, "clusters/prod")
    for account in ACCOUNTS:
        assert pull_secrets(fresh_cluster, account) == ["regcred"], (
            "a second flux bootstrap keeps it"
        )
    operator.git("pull", "--quiet", "--rebase", "origin", "main")
    operator.bootstrap(SIMPLE)
    assert operator.git("rev-list", "origin/main..HEAD") == "", "and leaves ours nothing to do"


def test_a_live_cluster_gets_it_in_one_commit(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    fresh_flux.bootstrap(repository, "clusters/prod")
    operator.git("pull", "--quiet", "origin", "main")
    operator.bootstrap(AWKWARD)
    operator.apply(fresh_cluster)
    commit = operator.push()

    fresh_flux.wait_ready("flux-system", revision=commit)
    fresh_flux.wait_ready(PULL_SECRETS, revision=commit)

    assert (
        credentials(fresh_cluster) == AWKWARD.removesuffix("\n")
        or credentials(fresh_cluster) == AWKWARD
    )
    for account in ACCOUNTS:
        assert pull_secrets(fresh_cluster, account) == ["regcred"]


def test_a_changed_password_and_a_dropped_annotation_both_arrive(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    fresh_flux.bootstrap(repository, "clusters/prod")
    operator.git("pull", "--quiet", "origin", "main")
    operator.bootstrap(SIMPLE)
    operator.apply(fresh_cluster)
    fresh_flux.wait_ready(PULL_SECRETS, revision=operator.push())

    operator.bootstrap("robot:changed")
    commit = operator.push()

    fresh_flux.wait_ready(PULL_SECRETS, revision=commit)
    assert credentials(fresh_cluster) == "robot:changed"


def test_substitution_leaves_a_password_alone(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    fresh_flux.bootstrap(repository, "clusters/prod")
    operator.git("pull", "--quiet", "origin", "main")
    operator.bootstrap(AWKWARD)
    file = operator.clone / "clusters" / "prod" / "pull-secrets.yaml"
    file.write_text(file.read_text() + "  postBuild:\n    substitute:\n      x: mangled\n")
    operator.git("commit", "--quiet", "--all", "--message", "Substitute")
    operator.apply(fresh_cluster)

    fresh_flux.wait_ready(PULL_SECRETS, revision=operator.push())

    assert credentials(fresh_cluster) == AWKWARD


def test_two_operators_with_identities_of_their_own_both_stay(
    fresh_cluster: Cluster, repository: Repository, operator: Operator, tmp_path: Path
) -> None:
    operator.bootstrap(SIMPLE)
    operator.push()
    operator.apply(fresh_cluster)
    second = Operator(repository, tmp_path / "second")
    second.git("rm", "--quiet", "-r", ".")
    second.git("commit", "--quiet", "--message", "Begin anew")
    second.bootstrap("robot:second")
    second.apply(fresh_cluster, "--force")

    identities = fresh_cluster.get("Secret", "sops-age", "flux-system")["data"]

    assert len(identities) == 2
    assert all(name.startswith("age-") and name.endswith(".agekey") for name in identities)


LOCKDOWN = """\
patches:
- patch: |
    - op: add
      path: /spec/template/spec/containers/0/args/-
      value: --no-cross-namespace-refs=true
  target:
    kind: Deployment
    name: (kustomize-controller|source-controller)
- patch: |
    - op: add
      path: /spec/template/spec/containers/0/args/-
      value: --default-service-account=default
  target:
    kind: Deployment
    name: kustomize-controller
- patch: |
    - op: add
      path: /spec/serviceAccountName
      value: kustomize-controller
  target:
    kind: Kustomization
    name: flux-system
"""


def test_a_cluster_with_tenants_locked_down_applies_it(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    fresh_flux.bootstrap(repository, "clusters/prod")
    operator.git("pull", "--quiet", "origin", "main")
    file = operator.clone / "clusters" / "prod" / "flux-system" / "kustomization.yaml"
    file.write_text(file.read_text() + LOCKDOWN)
    operator.git("commit", "--quiet", "--all", "--message", "Lock tenants down")
    fresh_flux.wait_ready("flux-system", revision=operator.push())
    fresh_flux.stop()
    fresh_flux.start("--no-cross-namespace-refs=true", "--default-service-account=default")

    operator.bootstrap(SIMPLE)
    operator.apply(fresh_cluster)
    commit = operator.push()

    fresh_flux.wait_ready(PULL_SECRETS, revision=commit)
    assert credentials(fresh_cluster) == SIMPLE
