"""The test cluster itself: what the other end-to-end tests take for granted."""

from __future__ import annotations

import base64
import io
import json
import signal
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path
from textwrap import dedent

import pytest

from tests.e2e.cluster import CONTEXT, DEVELOPER, Cluster
from tests.e2e.encrypted import Identity, encrypt
from tests.e2e.flux import Flux
from tests.e2e.process import E2EError, wait_for
from tests.e2e.tools.build import KUBERNETES, Binaries
from tests.support.githttp import Repository

CONFIG_MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {colour: blue}}"
SECRET = dedent("""\
    apiVersion: v1
    kind: Secret
    metadata:
        name: database
    data:
        password: Y29ycmVjdCBob3JzZQ==
    """)


def kustomization(namespace: str, **spec: object) -> str:
    """A Kustomization ``apps`` for the folder apps of the GitRepository ``fleet``."""
    return json.dumps(
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": "apps", "namespace": namespace},
            "spec": {
                "interval": "10m",
                "path": "./apps",
                "prune": True,
                "targetNamespace": namespace,
                "sourceRef": {"kind": "GitRepository", "name": "fleet"},
                **spec,
            },
        }
    )


def test_the_api_server_answers(cluster: Cluster) -> None:
    told = json.loads(cluster.kubectl("version", "--output=json"))

    assert told["serverVersion"]["gitVersion"] == KUBERNETES
    assert cluster.kubectl("config", "current-context").strip() == CONTEXT


def test_what_a_user_has_no_role_for_is_forbidden_to_him(cluster: Cluster) -> None:
    with pytest.raises(E2EError, match='User "developer" cannot list resource "secrets"'):
        cluster.kubectl("get", "secrets", user=DEVELOPER)


def test_a_pod_gets_the_pull_secrets_of_its_service_account(
    cluster: Cluster, namespace: str
) -> None:
    cluster.api.patch(
        "ServiceAccount", "default", namespace, {"imagePullSecrets": [{"name": "regcred"}]}
    )

    cluster.kubectl("run", "web", f"--namespace={namespace}", "--image=registry.example/web")

    pod = cluster.get("Pod", "web", namespace)
    assert pod["spec"]["imagePullSecrets"] == [{"name": "regcred"}]


def test_a_published_revision_reaches_the_cluster(
    cluster: Cluster, flux: Flux, repository: Repository, namespace: str
) -> None:
    commit = repository.commit({"apps/settings.yaml": CONFIG_MAP})
    flux.source.publish(repository.folder, "fleet", namespace)
    cluster.apply(kustomization(namespace))

    condition = flux.reconcile("apps", namespace)

    assert condition["message"] == f"Applied revision: main@sha1:{commit}"
    assert cluster.get("ConfigMap", "settings", namespace)["data"] == {"colour": "blue"}


def test_each_new_commit_of_a_followed_branch_reaches_the_cluster(
    cluster: Cluster, flux: Flux, repository: Repository, namespace: str
) -> None:
    repository.commit({"apps/settings.yaml": CONFIG_MAP})
    flux.source.publish(repository.folder, "fleet", namespace)
    cluster.apply(kustomization(namespace))
    flux.wait_ready("apps", namespace)

    flux.source.follow(repository.folder, "fleet", namespace)
    commit = repository.commit({"apps/settings.yaml": CONFIG_MAP.replace("blue", "green")})

    flux.wait_ready("apps", namespace, revision=commit)
    assert cluster.get("ConfigMap", "settings", namespace)["data"] == {"colour": "green"}


def test_an_encrypted_secret_arrives_with_its_value(
    cluster: Cluster,
    flux: Flux,
    repository: Repository,
    namespace: str,
    binaries: Binaries,
    identity: Identity,
) -> None:
    encrypted = encrypt(binaries, SECRET, identity.recipient)
    assert "Y29ycmVjdCBob3JzZQ" not in encrypted
    repository.commit({"apps/secret.yaml": encrypted})
    flux.source.publish(repository.folder, "fleet", namespace)
    key = {"metadata": {"name": "sops-age"}, "stringData": {"age.agekey": identity.text}}
    cluster.api.request("POST", cluster.api.path("Secret", "", namespace), key)
    decryption = {"provider": "sops", "secretRef": {"name": "sops-age"}}
    cluster.apply(kustomization(namespace, decryption=decryption))

    condition = flux.reconcile("apps", namespace)

    assert condition["status"] == "True", condition["message"]
    data = cluster.get("Secret", "database", namespace)["data"]
    assert base64.b64decode(data["password"]) == b"correct horse"


def test_a_reconcile_that_fails_says_why(
    cluster: Cluster,
    flux: Flux,
    repository: Repository,
    namespace: str,
    binaries: Binaries,
    identity: Identity,
) -> None:
    repository.commit({"apps/secret.yaml": encrypt(binaries, SECRET, identity.recipient)})
    flux.source.publish(repository.folder, "fleet", namespace)
    cluster.apply(kustomization(namespace))

    condition = flux.reconcile("apps", namespace)

    assert condition["status"] == "False"
    assert "is SOPS encrypted" in condition["message"]


def test_the_artifact_leaves_out_what_flux_leaves_out(
    cluster: Cluster, flux: Flux, repository: Repository, namespace: str
) -> None:
    repository.commit(
        {
            ".sops.yaml": "creation_rules: []\n",
            ".github/workflow.yaml": "on: push\n",
            ".gitattributes": "apps/exported.yaml export-ignore\n",
            ".pre-commit-config.yaml": "repos: []\n",
            "apps/.sops.yaml": "creation_rules: []\n",
            "apps/exported.yaml": CONFIG_MAP,
        }
    )

    flux.source.publish(repository.folder, "fleet", namespace)

    taken = {".pre-commit-config.yaml", "apps/exported.yaml"}
    assert artifact_files(cluster, namespace) == taken


def test_rules_of_a_sourceignore_file_take_the_place_of_the_default_ones(
    cluster: Cluster, flux: Flux, repository: Repository, namespace: str
) -> None:
    repository.commit(
        {
            ".sourceignore": "/drafts/\n!/drafts/kept.yaml\n",
            ".gitattributes": "",
            ".sops.yaml": "creation_rules: []\n",
            "drafts/kept.yaml": CONFIG_MAP,
            "drafts/left-out.yaml": CONFIG_MAP,
        }
    )

    flux.source.publish(repository.folder, "fleet", namespace)

    taken = {".sourceignore", ".sops.yaml", "drafts/kept.yaml"}
    assert artifact_files(cluster, namespace) == taken


def test_the_artifact_minds_the_ignore_rules_of_its_git_repository(
    cluster: Cluster, flux: Flux, repository: Repository, namespace: str
) -> None:
    repository.commit({"apps/a.yaml": CONFIG_MAP, "other/b.yaml": CONFIG_MAP})
    flux.source.publish(repository.folder, "fleet", namespace)
    cluster.api.patch("GitRepository", "fleet", namespace, {"spec": {"ignore": "/*\n!/apps/\n"}})

    flux.source.publish(repository.folder, "fleet", namespace)

    assert artifact_files(cluster, namespace) == {"apps/a.yaml"}


def artifact_files(cluster: Cluster, namespace: str) -> set[str]:
    url = cluster.get("GitRepository", "fleet", namespace)["status"]["artifact"]["url"]
    with urllib.request.urlopen(url) as response:
        archive = io.BytesIO(response.read())
    with tarfile.open(fileobj=archive) as members:
        return {member.name for member in members if member.isfile()}


def test_flux_bootstraps_a_repository_and_bootstraps_it_again(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository
) -> None:
    assert "all components are healthy" in fresh_flux.bootstrap(repository, "clusters/prod")
    bootstrapped = repository.head()
    assert "kustomization.yaml" in repository.git("ls-tree", "-r", "--name-only", bootstrapped)

    again = fresh_flux.bootstrap(repository, "clusters/prod")

    assert "sync manifests are up to date" in again
    assert repository.head() == bootstrapped


def test_after_bootstrap_a_commit_reaches_the_cluster(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository
) -> None:
    fresh_flux.bootstrap(repository, "clusters/prod")

    settings = CONFIG_MAP.replace("name: settings", "name: settings, namespace: default")
    commit = repository.commit({"clusters/prod/settings.yaml": settings})

    fresh_flux.wait_ready("flux-system", revision=commit)
    assert fresh_cluster.get("ConfigMap", "settings", "default")["data"] == {"colour": "blue"}


def test_the_controller_takes_further_flags(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository
) -> None:
    repository.commit({"apps/settings.yaml": CONFIG_MAP})
    namespace = fresh_cluster.create_namespace("team-a")
    fresh_flux.install()
    fresh_flux.source.publish(repository.folder, "fleet", namespace)
    fresh_cluster.apply(kustomization(namespace))
    fresh_flux.start()
    assert fresh_flux.reconcile("apps", namespace)["status"] == "True"

    fresh_flux.stop()
    fresh_flux.start("--default-service-account=default")

    condition = fresh_flux.reconcile("apps", namespace)
    assert condition["status"] == "False"
    assert "forbidden" in condition["message"]


def test_the_api_server_knows_the_flux_operators_kind(fresh_cluster: Cluster) -> None:
    fresh_cluster.install_crds(fresh_cluster.binaries.flux_instance_crd)

    assert fresh_cluster.api.list("FluxInstance") == []


def test_no_process_outlives_a_killed_test(binaries: Binaries, tmp_path: Path) -> None:
    program = dedent(f"""\
        import pathlib, signal
        from tests.e2e.cluster import Cluster
        from tests.e2e.tools.build import Binaries
        binaries = Binaries(pathlib.Path({str(binaries.folder)!r}))
        with Cluster(binaries, pathlib.Path({str(tmp_path)!r})) as cluster:
            print(*cluster.pids, flush=True)
            signal.pause()
        """)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as test:
        assert test.stdout is not None
        pids = [int(word) for word in test.stdout.readline().split()]
        assert len(pids) == 2
        test.send_signal(signal.SIGKILL)

    wait_for(lambda: not any(map(_alive, pids)), "etcd and the API server to end", 10)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
