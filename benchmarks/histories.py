"""A first scan of real histories beside gitleaks and kingfisher: processor time, one tool after the other.

    python -m benchmarks.histories CLONE... --gitleaks PATH --kingfisher PATH [--runs 3]

Each CLONE is a full clone. How the peers are had, and how they run, is as for ``benchmarks.guard``. The
processor time is that of a program and all that it starts. Nothing is kept between our runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.guard import PROGRAM

MIB = 1 << 20


class Size(NamedTuple):
    """What a clone holds."""

    commits: int
    contents: int
    mib: int


class Took(NamedTuple):
    """Seconds of one run."""

    processor: float
    wall: float


def main() -> int:
    """Print a line for each clone; 0 if every tool ran."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clones", nargs="+", type=Path, metavar="CLONE")
    parser.add_argument("--gitleaks", default="gitleaks")
    parser.add_argument("--kingfisher", default="kingfisher")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    for name in (options.gitleaks, options.kingfisher):
        if shutil.which(name) is None:
            print(
                f"{name} is not there: see benchmarks/guard.py for how to get it", file=sys.stderr
            )
            return 2
    commands = {
        "gitops-secrets": [PROGRAM, "scan", "--history", "--no-cache"],
        "gitleaks": [options.gitleaks, "git", "--no-banner", "--no-color", "--log-level", "error"],
        "kingfisher": [
            *(options.kingfisher, "scan", ".", "--no-validate", "--no-update-check", "--quiet"),
            *("--git-history", "full"),
        ],
    }
    print(
        "| history | commits | contents | MiB | s | gitleaks | kingfisher | wall, gitleaks | wall, kingfisher |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="gitops-secrets-bench-") as home:
        for clone in options.clones:
            print(line(clone, commands, options.runs, home), flush=True)
    return 0


def line(clone: Path, commands: Mapping[str, Sequence[str]], runs: int, home: str) -> str:
    """Return the line of *clone*: the median of our processor time, and ratios of medians."""
    taken: dict[str, list[Took]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, argv in commands.items():
            taken[name].append(timed(clone, argv, home))
    processor = {n: statistics.median(t.processor for t in took) for n, took in taken.items()}
    wall = {n: statistics.median(t.wall for t in took) for n, took in taken.items()}
    ours, *peers = commands
    size = size_of(clone)
    figures = [
        f"{processor[ours]:.1f}",
        *(f"{processor[ours] / processor[peer]:.2f}" for peer in peers),
        *(f"{wall[ours] / wall[peer]:.2f}" for peer in peers),
    ]
    counts = [f"{size.commits:,}", f"{size.contents:,}", f"{size.mib:,}"]
    return f"| {clone.resolve().name.replace('+', '/')} | {' | '.join([*counts, *figures])} |"


def timed(clone: Path, argv: Sequence[str], home: str) -> Took:
    """Run *argv* in *clone*; what it prints is thrown away. Raises RuntimeError if it was ended by a signal."""
    env = {"PATH": os.environ["PATH"], "HOME": home, "GIT_CONFIG_NOSYSTEM": "1"}
    before = os.times()
    began = time.perf_counter()
    done = subprocess.run(
        argv,
        cwd=clone,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    wall = time.perf_counter() - began
    after = os.times()
    if done.returncode < 0:
        raise RuntimeError(f"{argv[0]} was ended by signal {-done.returncode} in {clone}")
    children = after.children_user + after.children_system
    return Took(children - before.children_user - before.children_system, wall)


def size_of(clone: Path) -> Size:
    """Return how many commits all refs reach, and how many contents of which size the clone has."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=clone, capture_output=True, text=True, check=True
        )
        return done.stdout

    listed = git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize)")
    sizes = [int(size) for kind, size in map(str.split, listed.splitlines()) if kind == "blob"]
    return Size(int(git("rev-list", "--count", "--all")), len(sizes), sum(sizes) // MIB)


if __name__ == "__main__":
    sys.exit(main())
