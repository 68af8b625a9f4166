"""registry check beside ``crane manifest``: one credential, and fifty registries in parallel beside a loop of crane.

    python -m benchmarks.registry [--crane PATH] [--registries 50] [--away 20]

The registries are Debian's docker-registry, each a process of its own on loopback, with a password file. With --away, a
relay before each holds every packet back, so that a round trip takes so many milliseconds: no registry is on loopback in
use. crane is built from its Go module in ``benchmarks/crane``, once, if no PATH is given.

Both do not do the same. crane asks for a manifest with the credential. The check also decrypts the pull Secret, and asks
without the credential first, since a pull proves nothing if it works without.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.guard import PROGRAM, Bench, Limit
from benchmarks.relay import relays
from tests.support.fleet import FILES
from tests.support.secrets import mixed
from tests.system.registries import Registry, basic, push, serving

HERE = Path(__file__).parent
CRANE = "github.com/google/go-containerregistry/cmd/crane"
BUILT = Path.home() / ".cache/gitops-secrets/benchmarks/crane"
IMAGE = "team/app:1"


def main() -> int:
    """Print the figures; 0 if both limits are kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--crane", type=Path, default=None)
    parser.add_argument("--registries", type=int, default=50)
    parser.add_argument("--away", type=float, default=0.0)
    asked = parser.parse_args()
    if shutil.which("docker-registry") is None:
        print("no docker-registry on PATH: apt-get install docker-registry")
        return 1
    crane = asked.crane or build_crane()
    password = mixed()
    with tempfile.TemporaryDirectory(prefix="gitops-secrets-bench-") as name:
        bench = Bench(Path(name), "", "")
        with registries(bench.folder, asked.registries, password) as found:
            hosts = [registry.host for registry in found]
            with (
                relays(hosts, asked.away / 1000)
                if asked.away
                else contextlib.nullcontext(hosts) as near
            ):
                top = fleet(bench, near, password)
                log_in(bench, near, password)
                kept = measure(bench, top, crane, near)
    return 0 if kept else 1


def measure(bench: Bench, top: Path, crane: Path, hosts: Sequence[str]) -> bool:
    """Compare both, and return whether the limits are kept. Raises RuntimeError if one does not pull."""
    one, plain = f"{hosts[0]}/{IMAGE}", [f for host in hosts for f in ("--plain-http", host)]
    loop = "; ".join(f"{shlex.quote(str(crane))} manifest {host}/{IMAGE}" for host in hosts)
    commands = [
        {
            "gitops-secrets": [PROGRAM, "registry", "check", one, "--plain-http", hosts[0]],
            "crane manifest": [str(crane), "manifest", one],
        },
        {
            "gitops-secrets": [PROGRAM, "registry", "check", *plain],
            "crane in a loop": ["sh", "-c", loop],
        },
    ]
    for pair, number in zip(commands, (1, len(hosts)), strict=True):
        ours, theirs = (bench.run(top, argv) for argv in pair.values())
        if ours.count(b"  proven  ") != number or theirs.count(b'"schemaVersion"') != number:
            raise RuntimeError(f"not all pull:\n{ours.decode()}")
    first = bench.compare(
        "one credential", top, commands[0], [Limit("crane manifest", 1.5)], runs=11
    )
    title = f"{len(hosts)} registries"
    second = bench.compare(title, top, commands[1], [Limit("crane in a loop", 0.2)], runs=5)
    return first and second


@contextlib.contextmanager
def registries(folder: Path, number: int, password: str) -> Iterator[list[Registry]]:
    """Run *number* registries, each with the image and the user robot."""
    with contextlib.ExitStack() as stack:
        found = []
        for which in range(number):
            users = {"robot": password}
            registry = stack.enter_context(serving(folder / f"registry-{which}", htpasswd=users))
            push(registry, *IMAGE.split(":"), basic("robot", password))
            found.append(registry)
        yield found


def fleet(bench: Bench, hosts: Sequence[str], password: str) -> Path:
    """Make a repository whose pull Secret has a credential for each of *hosts*, and an image at each."""
    deployments = "---\n".join(
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app-{number}, namespace: flux-system}}\n"
        f"spec:\n  template:\n    spec:\n      containers: [{{name: app, image: {host}/{IMAGE}}}]\n"
        for number, host in enumerate(hosts)
    )
    files = {path: text.encode() for path, text in FILES.items()}
    top = bench.repository("fleet", {**files, "clusters/prod/apps.yaml": deployments.encode()})
    bench.env["CREDS"] = f"robot:{password}"
    flags = [f for host in hosts for f in ("--registry", host, "--registry-creds-env", "CREDS")]
    said = bench.run(
        top,
        [
            PROGRAM,
            "bootstrap",
            "--path",
            "clusters/prod",
            "--image-pull-secret",
            "regcred",
            "--shadowed-recipients",
            "drop",
            *flags,
        ],
    )
    if b"pull-secrets/prod/regcred.sops.yaml" not in said:
        raise RuntimeError(said.decode())
    return top


def log_in(bench: Bench, hosts: Sequence[str], password: str) -> None:
    """Give crane the same credentials, in a docker config."""
    pair = basic("robot", password).removeprefix("Basic ")
    folder = bench.folder / "docker"
    folder.mkdir()
    config = {"auths": {host: {"auth": pair} for host in hosts}}
    (folder / "config.json").write_text(json.dumps(config))
    bench.env["DOCKER_CONFIG"] = str(folder)


def build_crane() -> Path:
    """Build crane, if that was not done, and return where it is."""
    if not BUILT.exists():
        BUILT.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", BUILT, CRANE],
            cwd=HERE / "crane",
            env={**os.environ, "GOWORK": "off", "CGO_ENABLED": "0"},
            check=True,
        )
    return BUILT


if __name__ == "__main__":
    sys.exit(main())
