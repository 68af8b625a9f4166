"""The ResourceSet of attach --resourceset, as a real API server takes it by the Flux Operator's own definition of it.

The operator does not run here: one of its modules is in no module proxy at the version that it names. Where its copies
matter, a test makes them itself.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.e2e.process import E2EError
from tests.e2e.tools import manifests
from tests.e2e.tools.process import run
from tests.support.githttp import Repository
from tests.support.secrets import mixed
from tests.support.user import User
from tests.system.registries import basic, push, serving

MODULE = "github.com/controlplaneio-fluxcd/flux-operator"
STRICT = ("apply", "--server-side", "--validate=strict", "--dry-run=server", "-f", "-")
INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec:
  distribution: {version: "2.x", registry: ghcr.io/fluxcd}
  sync:
    kind: GitRepository
    url: https://git.example.com/fleet.git
    ref: refs/heads/main
    path: clusters/prod
"""


def resource_sets(folder: Path) -> Path:
    """The definition of ResourceSets, from the operator's module."""
    version, _ = manifests.MODULES[MODULE]
    go = shutil.which("go")
    assert go is not None
    argv: list[str | Path] = [go, "mod", "download", "-json", f"{MODULE}@{version}"]
    told = json.loads(run(argv, folder, GOSUMDB="off", GOWORK="off"))
    bases = Path(told["Dir"]) / "config" / "crd" / "bases"
    return bases / "fluxcd.controlplane.io_resourcesets.yaml"


def test_the_api_server_takes_it_as_it_is_written(ground: Cluster, tmp_path: Path) -> None:
    ground.install_crds(resource_sets(tmp_path))
    user = User(tmp_path / "user")
    user.commit({"clusters/prod/flux.yaml": INSTANCE})
    assert user.bootstrap().status == 0
    done = user.run("attach", "--resourceset", "team-a", "team-b/builder", "123")
    assert done.status == 0, done.printed
    written = user.read("clusters/prod/pull-secret-copies-regcred.yaml")

    taken = ground.kubectl(*STRICT, input=written)

    assert "resourceset.fluxcd.controlplane.io/pull-secret-copies-regcred" in taken
    with pytest.raises(E2EError, match="dependOn"):
        ground.kubectl(*STRICT, input=written.replace("dependsOn", "dependOn"))


def test_nothing_is_revoked_before_the_copies_of_the_operator_have_the_new_credential(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, tmp_path: Path
) -> None:
    operator = Operator(repository, tmp_path / "operator")
    program, folder, password = tmp_path / "rotate-htpasswd", tmp_path / "registry", mixed()
    page = (Path(__file__).parents[2] / "docs/rotation.md").read_text()
    program.write_text(re.findall(r"(?s)```python\n(.*?)```", page)[0])
    fresh_cluster.install_crds(fresh_cluster.binaries.flux_instance_crd)
    fresh_cluster.install_crds(resource_sets(tmp_path))
    fresh_cluster.create_namespace("team-a")
    fresh_flux.bootstrap(repository, "clusters/prod")
    operator.git("pull", "--quiet", "origin", "main")
    (operator.clone / "clusters/prod/flux-instance.yaml").write_text(INSTANCE)
    operator.git("add", "--all")
    operator.git("commit", "--quiet", "--message", "The Flux Operator's")

    def copy() -> None:
        """Do what the operator would: the data of the source into the other namespace."""
        source = fresh_cluster.get("Secret", "regcred", "flux-system")
        made = {"name": "regcred", "namespace": "team-a"}
        kept = {k: source[k] for k in ("apiVersion", "kind", "type", "data")}
        fresh_cluster.apply(json.dumps({**kept, "metadata": made}))

    with serving(folder, htpasswd={"robot": password}) as registry:
        push(registry, "team/app", "1", basic("robot", password))
        operator.bootstrap(f"robot:{password}", registry=registry.host)
        operator.run("attach", "--resourceset", "team-a")
        operator.apply(fresh_cluster)
        fresh_flux.wait_ready("pull-secrets", revision=operator.push())
        copy()
        rotate = (
            *("registry", "rotate", "--registry", registry.host, "--plain-http", registry.host),
            *("--image", f"{registry.host}/team/app:1", "--context", CONTEXT),
            *("--exec", f"{sys.executable} {program} {folder / 'htpasswd'}"),
            *("--kubeconfig", str(fresh_cluster.kubeconfig)),
        )
        operator.run(*rotate, "--push", "--wait", "0", ok=False)
        commit = operator.git("rev-parse", "HEAD").strip()
        fresh_flux.wait_ready("pull-secrets", revision=commit)

        waiting = operator.run(*rotate, "--resume", "--wait", "0", ok=False)
        assert "Secret team-a/regcred does not have the new credential" in waiting
        assert len((folder / "htpasswd").read_text().splitlines()) == 2

        copy()
        assert "the rotation is complete" in operator.run(*rotate, "--resume")
