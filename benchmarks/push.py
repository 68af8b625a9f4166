"""From ``git push`` to the decrypted Secret in the cluster, by the real kustomize-controller: median of several.

    python -m benchmarks.push [--runs 7]

A real API server and Flux's real controller, as the end-to-end tests run them (built by ``make e2e``).
What stands in is source-controller: it looks for a new commit every 0.2 seconds, and where the real one
does not get a webhook, the interval of the GitRepository comes on top.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.cluster import Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.e2e.tools.build import build
from tests.support.githttp import GitServer, Repository

WITHIN = 60


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="gitops-secrets-bench-") as name:
        folder = Path(name)
        with (
            GitServer(folder / "git") as server,
            Cluster(build(), folder / "cluster") as cluster,
            Flux(cluster, folder / "flux") as flux,
        ):
            seconds = measure(
                cluster, flux, Operator(ready(server, flux), folder / "operator"), runs
            )
    print(
        f"from git push to the decrypted Secret: {min(seconds):.2f} {statistics.median(seconds):.2f} "
        f"{max(seconds):.2f} s  (min, median, max of {runs})"
    )
    return 0


def ready(server: GitServer, flux: Flux) -> Repository:
    """Return a repository that Flux follows."""
    repository = server.create("fleet")
    flux.bootstrap(repository, "clusters/prod")
    return repository


def measure(cluster: Cluster, flux: Flux, operator: Operator, runs: int) -> list[float]:
    """Return how long each of *runs* changed credentials took from the push on."""
    operator.bootstrap("robot:word")
    operator.apply(cluster)
    flux.wait_ready("pull-secrets", revision=operator.push())
    seconds = []
    for run in range(runs):
        before = value(cluster)
        operator.bootstrap(f"robot:word-{run}")
        began = time.perf_counter()
        operator.push()
        while value(cluster) == before:
            if time.perf_counter() - began > WITHIN:
                raise SystemExit(f"nothing arrived within {WITHIN} s")
            time.sleep(0.02)
        seconds.append(time.perf_counter() - began)
    return seconds


def value(cluster: Cluster) -> object:
    """Return what the pull Secret holds."""
    return cluster.get("Secret", "regcred", "flux-system")["data"]


if __name__ == "__main__":
    sys.exit(main())
