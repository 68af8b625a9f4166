"""What bootstrap commits, a real Flux decrypts: on a new cluster and on a live one, in one commit."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.support.githttp import Repository

SIMPLE = "robot:correct horse battery staple"
AWKWARD = """_json_key:{"k": "a:b", 'q': "${x} $(x) $$ \\n"}\n  ünïcode \U0001f511\n"""
PULL_SECRETS = "pull-secrets"


def credentials(cluster: Cluster, registry: str = "registry.example.com") -> str:
    """USER:PASSWORD of *registry* in the cluster's pull Secret, as the kubelet would decode it."""
    secret = cluster.get("Secret", "regcred", "flux-system")
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    config = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    return base64.b64decode(config["auths"][registry]["auth"]).decode()


def check_accounts(cluster: Cluster) -> None:
    """See that each of Flux's ServiceAccounts has the pull Secret, and a Pod made with one gets it."""
    listed = cluster.kubectl(
        *("get", "serviceaccounts", "--namespace=flux-system", "--output=json"),
        "--selector=app.kubernetes.io/part-of=flux",
    )
    accounts = {
        account["metadata"]["name"]: account.get("imagePullSecrets")
        for account in json.loads(listed)["items"]
    }
    assert accounts.keys() >= {"source-controller", "kustomize-controller"}
    for account, secrets in accounts.items():
        assert secrets == [{"name": "regcred"}], account
        pod = json.dumps({"spec": {"serviceAccountName": account}})
        cluster.kubectl(
            *("run", f"pod-of-{account}", "--namespace=flux-system"),
            *("--image=registry.example.com/x", f"--overrides={pod}"),
        )
        made = cluster.get("Pod", f"pod-of-{account}", "flux-system")
        assert made["spec"]["imagePullSecrets"] == [{"name": "regcred"}], account
        cluster.kubectl("delete", "pod", f"pod-of-{account}", "--namespace=flux-system", "--force")


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
    check_accounts(fresh_cluster)

    fresh_flux.bootstrap(repository, "clusters/prod")
    check_accounts(fresh_cluster)
    operator.git("pull", "--quiet", "--rebase", "origin", "main")
    operator.bootstrap(SIMPLE)
    assert operator.git("rev-list", "origin/main..HEAD") == "", "and leaves ours nothing to do"


def test_a_live_cluster_gets_it_in_one_commit(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    fresh_flux.bootstrap(repository, "clusters/prod")
    operator.git("pull", "--quiet", "origin", "main")
    before = operator.git("rev-list", "--count", "HEAD")
    operator.bootstrap(AWKWARD)
    assert int(operator.git("rev-list", "--count", "HEAD")) == int(before) + 1
    operator.apply(fresh_cluster)
    commit = operator.push()

    fresh_flux.wait_ready("flux-system", revision=commit)
    fresh_flux.wait_ready(PULL_SECRETS, revision=commit)

    assert credentials(fresh_cluster) == AWKWARD
    check_accounts(fresh_cluster)


def test_a_changed_password_arrives_by_git_alone(
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


def test_a_flux_that_reads_the_whole_repository_applies_all_that_it_did(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    fresh_flux.bootstrap(repository, ".")
    operator.git("pull", "--quiet", "origin", "main")
    settings = operator.clone / "apps" / "settings.yaml"
    settings.parent.mkdir()
    settings.write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: flux-system}\n"
    )
    operator.git("add", "--all")
    operator.git("commit", "--quiet", "--message", "Settings")
    fresh_flux.wait_ready("flux-system", revision=operator.push())

    operator.run(
        *("bootstrap", "--path", ".", "--image-pull-secret", "regcred"),
        *("--registry", "registry.example.com", "--registry-creds-env", "CREDS"),
        creds=SIMPLE,
    )
    (operator.clone / ".pre-commit-config.yaml").write_text("repos: []\n")
    operator.git("add", "--all")
    operator.git("commit", "--quiet", "--message", "What the generator would choke on")
    operator.run(
        *("apply", "--path", ".", "--context", CONTEXT, "--yes"),
        *("--kubeconfig", str(fresh_cluster.kubeconfig)),
    )
    commit = operator.push()

    fresh_flux.wait_ready("flux-system", revision=commit)
    fresh_flux.wait_ready(PULL_SECRETS, revision=commit)
    assert credentials(fresh_cluster) == SIMPLE
    assert fresh_cluster.find("ConfigMap", "settings", "flux-system") is not None
