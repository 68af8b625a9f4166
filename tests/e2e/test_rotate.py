"""registry rotate with a real registry, a real API server and Flux's kustomize-controller: mint to revoke."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.support.githttp import Repository
from tests.support.secrets import mixed
from tests.system.registries import OCI, Registry, basic, push, serving

ROOT = Path(__file__).parents[2]


def pulls(registry: Registry, credentials: str) -> bool:
    answer = httpx.get(
        f"{registry.url}/v2/team/app/manifests/1",
        headers={"Authorization": basic(*credentials.split(":", 1)), "Accept": OCI},
        trust_env=False,
    )
    return answer.status_code == 200


@pytest.fixture
def operator(repository: Repository, tmp_path: Path) -> Operator:
    """An operator with an empty clone."""
    return Operator(repository, tmp_path / "operator")


def test_nothing_is_revoked_before_the_cluster_reports_the_commit_and_has_the_credential(
    fresh_cluster: Cluster,
    fresh_flux: Flux,
    repository: Repository,
    operator: Operator,
    tmp_path: Path,
) -> None:
    folder, password = tmp_path / "registry", mixed()
    program = tmp_path / "rotate-htpasswd"
    page = (ROOT / "docs/rotation.md").read_text()
    program.write_text(re.findall(r"(?s)```python\n(.*?)```", page)[0])
    with serving(folder, htpasswd={"robot": password}) as registry:
        push(registry, "team/app", "1", basic("robot", password))
        host, old = registry.host, f"robot:{password}"
        operator.bootstrap(old, registry=host)
        operator.apply(fresh_cluster)
        operator.push()
        fresh_flux.bootstrap(repository, "clusters/prod")
        fresh_flux.wait_ready("pull-secrets")
        operator.git("pull", "--quiet", "--rebase", "origin", "main")

        def rotate(*flags: str, ok: bool = True) -> str:
            return operator.run(
                *("registry", "rotate", "--registry", host, "--plain-http", host),
                *("--image", f"{host}/team/app:1"),
                *("--exec", f"{sys.executable} {program} {folder / 'htpasswd'}"),
                *flags,
                ok=ok,
            )

        seen = ("--context", CONTEXT, "--kubeconfig", str(fresh_cluster.kubeconfig))
        fresh_flux.stop()
        first = rotate("--push", *seen, "--wait", "0", ok=False)
        assert "not all clusters have the new credential, and nothing was revoked" in first
        assert pulls(registry, old)

        # Somebody gives the cluster the new value by hand: that is not what Flux reports.
        operator.apply(fresh_cluster, "--force")
        again = rotate("--resume", *seen, "--wait", "0", ok=False)
        assert "which is not known to have the commit" in again
        assert pulls(registry, old)

        fresh_flux.start()
        commit = operator.git("rev-parse", "HEAD").strip()
        fresh_flux.wait_ready("pull-secrets", revision=commit)
        done = rotate("--resume", *seen)
        assert "clusters/prod applied it, as its cluster says" in done
        assert "the rotation is complete" in done
        (line,) = (folder / "htpasswd").read_text().splitlines()
        assert not pulls(registry, old)
        assert line.startswith("gitops-secrets-fleet-")
        rotate("--resume", *seen)
        assert operator.git("rev-parse", "HEAD").strip() == commit, "again changes nothing"
