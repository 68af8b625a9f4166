"""The ResourceSet of attach --resourceset, as a real API server takes it by the Flux Operator's own definition of it.

The operator does not run here: it cannot be built from published modules alone.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.process import E2EError
from tests.e2e.tools import manifests
from tests.e2e.tools.process import run
from tests.support.user import User

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


def test_the_api_server_takes_it_as_it_is_written(ground: Cluster, tmp_path: Path) -> None:
    version, _ = manifests.MODULES[MODULE]
    go = shutil.which("go")
    assert go is not None
    argv: list[str | Path] = [go, "mod", "download", "-json", f"{MODULE}@{version}"]
    told = json.loads(run(argv, tmp_path, GOSUMDB="off", GOWORK="off"))
    bases = Path(told["Dir"]) / "config" / "crd" / "bases"
    ground.install_crds(bases / "fluxcd.controlplane.io_resourcesets.yaml")
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
