"""The other ways to lay a repository out: Secrets inline, and a Flux that the Flux Operator installs."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from ruamel.yaml import YAML

from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.support.githttp import Repository

CREDS = "robot:correct horse battery staple"
INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata:
  name: flux
  namespace: flux-system
spec:
  distribution:
    version: "2.x"
    registry: registry.corp.example/fluxcd
    imagePullSecret: theirs
  components: [source-controller, kustomize-controller]
  sync:
    kind: GitRepository
    url: https://git.example.com/fleet
    ref: refs/heads/main
    path: clusters/prod
"""


def password(cluster: Cluster) -> str:
    """The one that the cluster's pull Secret holds."""
    data = cluster.get("Secret", "regcred", "flux-system")["data"][".dockerconfigjson"]
    return str(json.loads(base64.b64decode(data))["auths"]["registry.example.com"]["password"])


def forget(cluster: Cluster) -> None:
    """Take away what apply brought, so that what is there afterwards is Flux's."""
    cluster.kubectl("delete", "secret", "regcred", "--namespace=flux-system", "--ignore-not-found")


def test_inline_on_a_new_cluster_takes_one_commit(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    operator.bootstrap(CREDS, "--layout", "inline")
    operator.push()
    operator.apply(fresh_cluster)
    forget(fresh_cluster)

    fresh_flux.bootstrap(repository, "clusters/prod")

    fresh_flux.wait_ready("flux-system")
    assert password(fresh_cluster) == CREDS.split(":")[1]


def test_inline_on_a_live_cluster_goes_in_two_commits_and_never_deadlocks(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    fresh_flux.bootstrap(repository, "clusters/prod", "--registry=registry.example.com/fluxcd")
    operator.git("pull", "--quiet", "origin", "main")
    operator.bootstrap(CREDS, "--layout", "inline")
    operator.apply(fresh_cluster)
    fresh_flux.stop()
    first = operator.push()
    seen = ("--resume", "--context", CONTEXT, "--kubeconfig", str(fresh_cluster.kubeconfig))
    command = (
        *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred"),
        *("--registry", "registry.example.com", "--registry-creds-env", "CREDS"),
    )
    said = operator.run(*command, *seen, creds=CREDS, ok=False)
    assert "does not decrypt with sops-age yet" in said, "Flux has not reconciled"
    fresh_flux.start()
    fresh_flux.wait_ready("flux-system", revision=first)

    operator.run(*command, *seen, creds=CREDS)

    second = operator.push()
    fresh_flux.wait_ready("flux-system", revision=second)
    assert password(fresh_cluster) == CREDS.split(":")[1]
    assert operator.run("doctor", *seen[1:]).startswith("gitops-secrets: healthy")


def test_a_flux_instance_is_accepted_and_gives_flux_the_pull_secret(
    fresh_cluster: Cluster,
    fresh_flux: Flux,
    repository: Repository,
    operator: Operator,
    tmp_path: Path,
) -> None:
    fresh_cluster.install_crds(fresh_cluster.binaries.flux_instance_crd)
    fresh_flux.bootstrap(repository, "clusters/prod")
    operator.git("pull", "--quiet", "origin", "main")
    file = operator.clone / "clusters" / "prod" / "flux-instance.yaml"
    file.write_text(INSTANCE)
    operator.git("add", "--all")
    operator.git("commit", "--quiet", "--message", "The Flux Operator's")
    operator.push()

    operator.bootstrap(CREDS)
    operator.apply(fresh_cluster)
    forget(fresh_cluster)
    commit = operator.push()

    fresh_flux.wait_ready("flux-system", revision=commit)
    fresh_flux.wait_ready("pull-secrets", revision=commit)
    assert password(fresh_cluster) == CREDS.split(":")[1]
    patches = fresh_cluster.get("FluxInstance", "flux", "flux-system")["spec"]["kustomize"]
    assert patches == YAML(typ="safe").load(file)["spec"]["kustomize"]
    assert accounts_with(fresh_cluster, patches, tmp_path) == {
        "source-controller": ["theirs", "regcred"],
        "kustomize-controller": ["theirs", "regcred"],
    }


def accounts_with(cluster: Cluster, patches: object, folder: Path) -> dict[str, list[str]]:
    """What the operator would stamp: it builds Flux's manifests with these patches by kustomize.

    The operator itself does not run here: what it builds with is kustomize, and that does.
    """
    built = folder / "built"
    built.mkdir()
    (built / "components.yaml").write_bytes(cluster.binaries.components.read_bytes())
    (built / "kustomization.yaml").write_text(
        json.dumps({"resources": ["components.yaml"], **dict(patches)})  # type: ignore[call-overload]
    )
    documents = YAML(typ="safe").load_all(cluster.kubectl("kustomize", str(built)))
    return {
        d["metadata"]["name"]: [e["name"] for e in d["imagePullSecrets"]]
        for d in documents
        if d and d["kind"] == "ServiceAccount" and "imagePullSecrets" in d
    }
