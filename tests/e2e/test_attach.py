"""From nothing to a pod of a tenant that pulls: bootstrap, apply, push; and a namespace that comes later."""

from __future__ import annotations

import base64
import json

from tests.e2e.cluster import Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.support.githttp import Repository

CREDS = "robot:correct horse battery staple"
TEAM = """\
apiVersion: v1
kind: Namespace
metadata: {name: team-b}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: builder
  namespace: team-b
"""


def check_pulls(cluster: Cluster, namespace: str, account: str, password: str = CREDS) -> None:
    """See that a pod of *account* is made with the Secret, and that the kubelet would read *password* in it."""
    pod = json.dumps({"spec": {"serviceAccountName": account}})
    cluster.kubectl(
        *("run", "web", f"--namespace={namespace}", f"--overrides={pod}"),
        "--image=registry.example.com/team/web:1",
    )
    named = cluster.get("Pod", "web", namespace)["spec"]["imagePullSecrets"]
    cluster.kubectl("delete", "pod", "web", f"--namespace={namespace}", "--force")
    assert named == [{"name": "regcred"}]
    secret = cluster.get("Secret", "regcred", namespace)
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    config = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    auth = config["auths"]["registry.example.com"]["auth"]
    assert base64.b64decode(auth).decode() == password


def test_from_nothing_to_a_pod_of_a_tenant_in_three_commands(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    team = operator.clone / "clusters" / "prod" / "team-b.yaml"
    team.parent.mkdir(parents=True)
    team.write_text(TEAM)
    operator.git("add", "--all")
    operator.git("commit", "--quiet", "--message", "A tenant")

    operator.bootstrap(CREDS, "--for", "team-b/builder", "--for", "team-b")
    operator.apply(fresh_cluster)
    operator.push()

    fresh_flux.bootstrap(repository, "clusters/prod")
    fresh_flux.wait_ready("pull-secrets-team-b")
    check_pulls(fresh_cluster, "team-b", "builder")
    check_pulls(fresh_cluster, "team-b", "default")
    operator.git("pull", "--quiet", "--rebase", "origin", "main")

    operator.bootstrap("robot:newer")
    commit = operator.push()
    fresh_flux.wait_ready("pull-secrets-team-b", revision=commit)
    check_pulls(fresh_cluster, "team-b", "builder", "robot:newer")


def test_a_namespace_that_is_not_there_yet_holds_back_no_other(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    operator.bootstrap(CREDS)
    operator.apply(fresh_cluster)
    operator.push()
    fresh_flux.bootstrap(repository, "clusters/prod")
    fresh_flux.wait_ready("pull-secrets")
    operator.git("pull", "--quiet", "--rebase", "origin", "main")

    operator.run("attach", "later", "now")
    fresh_cluster.create_namespace("now")
    commit = operator.push()

    fresh_flux.wait_ready("flux-system", revision=commit)
    fresh_flux.wait_ready("pull-secrets", revision=commit)
    fresh_flux.wait_ready("pull-secrets-now", revision=commit)
    check_pulls(fresh_cluster, "now", "default")
    waiting = fresh_flux.reconcile("pull-secrets-later")
    assert (waiting["status"], 'namespaces "later" not found' in waiting["message"]) == (
        "False",
        True,
    )

    fresh_cluster.create_namespace("later")
    fresh_flux.reconcile("pull-secrets-later")
    fresh_flux.wait_ready("pull-secrets-later", revision=commit)
    check_pulls(fresh_cluster, "later", "default")


SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: podinfo
  namespace: team-b
spec:
  interval: 5m
  url: oci://registry.example.com/charts/podinfo
"""


def test_a_source_names_the_secret_that_is_in_its_namespace(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    folder = operator.clone / "clusters" / "prod"
    folder.mkdir(parents=True)
    (folder / "team-b.yaml").write_text(f"{TEAM}---\n{SOURCE}")
    operator.git("add", "--all")
    operator.git("commit", "--quiet", "--message", "A tenant")
    operator.bootstrap(CREDS)
    operator.run("attach", "--source", "OCIRepository/podinfo.team-b")
    operator.apply(fresh_cluster)
    operator.push()

    fresh_flux.bootstrap(repository, "clusters/prod")
    fresh_flux.wait_ready("pull-secrets-team-b")

    spec = fresh_cluster.get("OCIRepository", "podinfo", "team-b")["spec"]
    assert spec["secretRef"] == {"name": "regcred"}
    secret = fresh_cluster.get("Secret", "regcred", "team-b")
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
