"""One bootstrap beside the bare processes it cannot do without: one sops encrypt, one git commit.

All of it in one run, in turn, on the same files; medians, and ratios of medians. ``make bench``.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from gitops_secrets.adapters.sops.binary import find_sops

RUNS = 21
LIMIT = 5.0
_SYNC = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {path: ./clusters/prod, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
"""
_BOOTSTRAP = (
    *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred"),
    *("--registry", "registry.example.com", "--registry-creds-env", "CREDS"),
)
_IMPORTS = "import gitops_secrets.cli.commands.bootstrap, gitops_secrets.commands.bootstrap.run, gitops_secrets.cli.bootstrap.text, gitops_secrets.cli.app, pyrage"


class Bench:
    """A Flux repository made anew for each timed command."""

    def __init__(self, folder: Path) -> None:
        self.seed, self.repository = folder / "seed", folder / "fleet"
        flux = self.seed / "clusters" / "prod" / "flux-system"
        flux.mkdir(parents=True)
        (flux / "gotk-components.yaml").write_text("")
        (flux / "gotk-sync.yaml").write_text(_SYNC)
        (flux / "kustomization.yaml").write_text(
            "resources:\n- gotk-components.yaml\n- gotk-sync.yaml\n"
        )
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CREDS": "robot:password",
            "GIT_CONFIG_NOSYSTEM": "1",
            **{
                f"GIT_{r}_{w}": "bench@example.com"
                for r in ("AUTHOR", "COMMITTER")
                for w in ("NAME", "EMAIL")
            },
        }
        for argv in (
            ["git", "init", "--quiet"],
            ["git", "add", "."],
            ["git", "commit", "-qm", "Flux"],
        ):
            subprocess.run(argv, cwd=self.seed, env=self.env, check=True)
        self.renew()
        self.python = sys.executable
        self.program = str(Path(sys.executable).with_name("gitops-secrets"))
        subprocess.run(
            [self.program, *_BOOTSTRAP],
            cwd=self.repository,
            env=self.env,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        shutil.copytree(self.repository, folder / "done")
        self.done = folder / "done"
        self.identity = next((folder / ".config").rglob("*.agekey"))
        self.secret = self.done / "pull-secrets" / "prod" / "regcred.sops.yaml"
        self.plain = self._sops(
            "decrypt",
            "--input-type",
            "yaml",
            "--output-type",
            "yaml",
            stdin=self.secret.read_bytes(),
        )

    def renew(self) -> None:
        """Lay the repository out as it was before bootstrap."""
        shutil.rmtree(self.repository, ignore_errors=True)
        shutil.copytree(self.seed, self.repository)

    def bootstrap(self) -> float:
        self.renew()
        shutil.rmtree(Path(self.env["HOME"]) / ".config", ignore_errors=True)
        return self._timed([self.program, *_BOOTSTRAP])

    def sops_encrypt(self) -> float:
        return self._timed(
            [
                find_sops(),
                "--config",
                str(self.done / ".sops.yaml"),
                "encrypt",
                "--input-type",
                "yaml",
                "--output-type",
                "yaml",
                "--filename-override",
                str(self.secret),
            ],
            stdin=self.plain,
        )

    def git_commit(self) -> float:
        self.renew()
        shutil.copytree(
            self.done, self.repository, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git")
        )
        subprocess.run(["git", "add", "."], cwd=self.repository, env=self.env, check=True)
        return self._timed(["git", "commit", "--quiet", "--message", "x"])

    def python_start(self) -> float:
        return self._timed([self.python, "-c", "pass"])

    def python_imports(self) -> float:
        return self._timed([self.python, "-c", _IMPORTS])

    def other_git(self) -> float:
        self.renew()
        shutil.copytree(
            self.done, self.repository, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git")
        )
        return sum(
            self._timed(["git", *arguments])
            for arguments in (
                ("rev-parse", "--show-toplevel", "--absolute-git-dir"),
                ("status", "--porcelain=v2", "--branch", "-z", "--", ".sops.yaml"),
                ("ls-files", "-z"),
                (
                    "status",
                    "--porcelain=v2",
                    "--branch",
                    "-z",
                    "--",
                    ".sops.yaml",
                    "clusters",
                    "pull-secrets",
                ),
                ("add", "."),
                ("cat-file", "--batch"),
            )
        )

    def _sops(self, *arguments: str, stdin: bytes) -> bytes:
        env = {
            "PATH": self.env["PATH"],
            "HOME": "/nonexistent",
            "SOPS_AGE_KEY_FILE": str(self.identity),
        }
        return subprocess.run(
            [find_sops(), *arguments], input=stdin, env=env, stdout=subprocess.PIPE, check=True
        ).stdout

    def _timed(self, argv: Sequence[str], stdin: bytes = b"") -> float:
        began = time.perf_counter()
        subprocess.run(
            argv,
            cwd=self.repository,
            env=self.env,
            input=stdin,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - began


def main() -> int:
    """Print the figures; 0 where bootstrap is within its limit."""
    with tempfile.TemporaryDirectory(prefix="gitops-secrets-bench-") as folder:
        bench = Bench(Path(folder))
        measured: dict[str, Callable[[], float]] = {
            "gitops-secrets bootstrap": bench.bootstrap,
            "sops encrypt": bench.sops_encrypt,
            "git commit": bench.git_commit,
            "Python start": bench.python_start,
            "Python start and imports": bench.python_imports,
            "the other git commands": bench.other_git,
        }
        times: dict[str, list[float]] = {name: [] for name in measured}
        for run in range(RUNS + 1):
            for name, measure in measured.items():
                seconds = measure()
                if run:
                    times[name].append(seconds * 1000)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        print(
            f"{name:<26} {min(values):7.1f} {medians[name]:7.1f} {max(values):7.1f} ms  (min, median, max of {RUNS})"
        )
    bare = medians["sops encrypt"] + medians["git commit"]
    ours = medians["gitops-secrets bootstrap"]
    rest = ours - bare - medians["Python start and imports"] - medians["the other git commands"]
    print(f"\nbootstrap / (sops encrypt + git commit) = {ours / bare:.2f}  (limit {LIMIT})")
    print(
        f"the rest: imports and start {medians['Python start and imports']:.0f} ms, other git commands "
        f"{medians['the other git commands']:.0f} ms, planning, read-back and writing {rest:.0f} ms"
    )
    return 0 if ours <= LIMIT * bare else 1


if __name__ == "__main__":
    sys.exit(main())
