"""apply leaves nothing readable on the machine: not the password, and not the cluster's identity."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.cluster import CONTEXT, Cluster
from tests.support.leaks import Watch
from tests.support.secrets import mixed
from tests.support.user import User


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_apply_leaks_nothing(fresh_cluster: Cluster, tmp_path: Path, ends: str) -> None:
    user = User(tmp_path / "user")
    password = mixed() + '"$é'
    # Outside of what is searched: the user keeps it there himself.
    kept = tmp_path / "prod.agekey"
    assert user.bootstrap("--age-identity-file", str(kept), creds=f"robot:{password}").status == 0
    identity = kept.read_text().splitlines()[-1]
    arguments = (
        *("apply", "--path", "clusters/prod", "--context", CONTEXT, "--yes"),
        *("--kubeconfig", str(fresh_cluster.kubeconfig), "--age-identity-file", str(kept)),
    )
    if ends == "badly":
        fresh_cluster.kubectl("create", "namespace", "flux-system")
        fresh_cluster.kubectl(
            *("create", "secret", "docker-registry", "regcred", "--namespace=flux-system"),
            *("--docker-server=r.io", "--docker-username=u", "--docker-password=theirs"),
        )
    with Watch(user, password, identity, own=()) as watch:
        results = [
            user.run(*arguments, *more)
            for more in (("--dry-run",), ("--output", "json"), ("--verbose",), ("--dry-run", "-v"))
        ]
    assert {r.status for r in results} == ({0} if ends == "well" else {3})
    assert watch.samples > 20
    assert watch.leaks(*results) == []
