"""A post-quantum identity, as age-keygen -pq makes it, from bootstrap to a decrypted Secret."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.e2e.tools.build import Binaries
from tests.support.githttp import Repository

CREDS = "robot:correct horse battery staple"
OLD = "metadata: {}\n---\nmetadata:\n  labels:\n    app.kubernetes.io/version: v2.8.4\n"


@pytest.fixture
def identity_file(binaries: Binaries, tmp_path: Path) -> Path:
    """A post-quantum identity, with the public key above it."""
    path = tmp_path / "quantum.agekey"
    keygen = [binaries.path("age-keygen"), "-pq", "-o", path]
    subprocess.run(keygen, check=True, capture_output=True)
    return path


def test_this_controller_decrypts_with_it(
    fresh_cluster: Cluster,
    fresh_flux: Flux,
    repository: Repository,
    identity_file: Path,
    tmp_path: Path,
) -> None:
    fresh_flux.bootstrap(repository, "clusters/prod", "--registry=registry.example.com/fluxcd")
    operator = Operator(repository, tmp_path / "operator")
    identity = ("--age-identity-file", str(identity_file))
    printed = operator.bootstrap(CREDS, *identity)
    assert "age1pq1" in printed
    assert max(map(len, printed.splitlines())) < 400, "nobody reads 1,959 characters"
    assert "post-quantum" not in printed, "this Flux is new enough"
    operator.apply(fresh_cluster, *identity)
    fresh_cluster.kubectl("delete", "secret", "regcred", "--namespace=flux-system")

    fresh_flux.wait_ready("pull-secrets", revision=operator.push())

    data = fresh_cluster.get("Secret", "regcred", "flux-system")["data"]
    config = json.loads(base64.b64decode(data[".dockerconfigjson"]))
    assert config["auths"]["registry.example.com"]["password"] == CREDS.split(":")[1]
    cluster = ("--context", CONTEXT, "--kubeconfig", str(fresh_cluster.kubeconfig))
    assert operator.run("doctor", *cluster, *identity).startswith("gitops-secrets: healthy")


def test_an_older_flux_is_warned_of(
    repository: Repository, identity_file: Path, tmp_path: Path
) -> None:
    operator = Operator(repository, tmp_path / "operator")
    folder = operator.clone / "clusters/prod/flux-system"
    folder.mkdir(parents=True)
    (folder / "gotk-components.yaml").write_text(OLD)
    (folder / "gotk-sync.yaml").write_text("")
    (folder / "kustomization.yaml").write_text(
        "resources:\n- gotk-components.yaml\n- gotk-sync.yaml\n"
    )
    operator.git("add", "--all")
    operator.git("commit", "--quiet", "--message", "Flux")

    printed = operator.bootstrap(CREDS, "--age-identity-file", str(identity_file))

    assert "is Flux v2.8, and post-quantum identities need v2.9 or later" in printed
