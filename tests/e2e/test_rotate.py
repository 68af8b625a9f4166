"""registry rotate with a real registry, a real API server and Flux's kustomize-controller: mint to revoke."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.cluster import CONTEXT, Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.e2e.process import free_port
from tests.e2e.tools.build import Binaries
from tests.support.fleet import FILES
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


def write_program(folder: Path) -> Path:
    """The program of docs/rotation.md, in *folder*."""
    program = folder / "rotate-htpasswd"
    page = (ROOT / "docs/rotation.md").read_text()
    program.write_text(re.findall(r"(?s)```python\n(.*?)```", page)[0])
    return program


def test_nothing_is_revoked_before_the_cluster_reports_the_commit_and_has_the_credential(
    fresh_cluster: Cluster,
    fresh_flux: Flux,
    repository: Repository,
    operator: Operator,
    tmp_path: Path,
) -> None:
    folder, password = tmp_path / "registry", mixed()
    program = write_program(tmp_path)
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
        assert "clusters/prod has the new credential until Flux reconciles" in first
        assert "not all clusters have the new credential, and nothing was revoked" in first
        assert pulls(registry, old)

        # The live Secret has the new value, and somebody gives it by hand too: that is not what Flux reports.
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


def kubeconfig(path: Path, **clusters: Cluster) -> Path:
    """A kubeconfig with a context for each of the *clusters*, and one, edge, of a cluster that nobody answers for."""
    config: dict[str, Any] = {"apiVersion": "v1", "kind": "Config"}
    lists: dict[str, list[Any]] = {"clusters": [], "users": [], "contexts": []}
    for name, cluster in clusters.items():
        known = json.loads(cluster.kubeconfig.read_text())
        lists["clusters"].append({"name": name, "cluster": known["clusters"][0]["cluster"]})
        lists["users"].append({"name": name, "user": known["users"][0]["user"]})
    closed = {**lists["clusters"][0]["cluster"], "server": f"https://127.0.0.1:{free_port()}"}
    lists["clusters"].append({"name": "edge", "cluster": closed})
    lists["users"].append({"name": "edge", "user": {"token": "none"}})
    lists["contexts"] = [
        {"name": one["name"], "context": {"cluster": one["name"], "user": one["name"]}}
        for one in lists["clusters"]
    ]
    path.write_text(json.dumps({**config, **lists}))
    return path


def test_one_cluster_of_three_that_does_not_answer_holds_the_revocation_back(
    binaries: Binaries,
    fresh_cluster: Cluster,
    fresh_flux: Flux,
    repository: Repository,
    operator: Operator,
    tmp_path: Path,
) -> None:
    folder, password = tmp_path / "registry", mixed()
    script = write_program(tmp_path)
    with (
        serving(folder, htpasswd={"robot": password}) as registry,
        Cluster(binaries, tmp_path / "stage") as stage,
        Flux(stage, tmp_path / "stage-flux") as stage_flux,
    ):
        push(registry, "team/app", "1", basic("robot", password))
        host, old = registry.host, f"robot:{password}"
        fresh_flux.bootstrap(repository, "clusters/prod")
        stage_flux.bootstrap(repository, "clusters/stage")
        operator.git("pull", "--quiet", "origin", "main")
        for path, text in FILES.items():
            file = operator.clone / path.replace("prod", "edge")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("prod", "edge"))
        operator.git("add", "--all")
        operator.git("commit", "--quiet", "--message", "A third cluster")
        contexts = kubeconfig(tmp_path / "kubeconfig", prod=fresh_cluster, stage=stage)
        for name in ("prod", "stage", "edge"):
            flags = ("--image-pull-secret", "regcred", "--registry", host)
            operator.run(
                *(
                    "bootstrap",
                    "--path",
                    f"clusters/{name}",
                    *flags,
                    "--registry-creds-env",
                    "CREDS",
                ),
                creds=old,
            )
        for name in ("prod", "stage"):
            flags = ("--path", f"clusters/{name}", "--context", name, "--yes")
            operator.run("apply", *flags, "--kubeconfig", str(contexts))
        commit = operator.push()
        fresh_flux.wait_ready("pull-secrets", revision=commit)
        stage_flux.wait_ready("pull-secrets", revision=commit)
        named = [f"--context=clusters/{name}={name}" for name in ("prod", "stage", "edge")]

        def rotate(*flags: str, ok: bool = True) -> str:
            return operator.run(
                *("registry", "rotate", "--path", "clusters/prod", "--registry", host),
                *("--plain-http", host, "--image", f"{host}/team/app:1", "--push"),
                *("--exec", f"{sys.executable} {script} {folder / 'htpasswd'}"),
                *("--kubeconfig", str(contexts), *flags),
                ok=ok,
            )

        failed = rotate(*named, ok=False)
        assert re.search(r"(?m)^bridge +done .*clusters/edge does not have it: the cluster", failed)
        assert "nothing was revoked: clusters/edge: the cluster of context edge does not" in failed
        assert "clusters/prod:" not in failed, "these have it"
        assert pulls(registry, old)
        again = rotate("--resume", *named, ok=False)
        assert "nothing was revoked" in again
        assert pulls(registry, old)
        assert len((folder / "htpasswd").read_text().splitlines()) == 2

        done = rotate("--resume", *named[:2], "--confirmed", "clusters/edge")
        assert "the rotation is complete" in done
        assert not pulls(registry, old)
