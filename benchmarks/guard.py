"""The guard beside gitleaks, kingfisher and bare git, in one run on one machine: ratios of medians.

    python -m benchmarks.guard --gitleaks PATH --kingfisher PATH [--commits 30000]

gitleaks is built by ``go install github.com/zricethezav/gitleaks/v8@v8.30.1``, kingfisher comes as
``pip install kingfisher-bin``. Each peer runs with its own defaults, less its banner, its colours and
whatever would open a connection. Everything is made up here, in a temporary folder: a repository of a
cluster with encrypted Secrets, and a history written by ``git fast-import``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.age import create_identity
from gitops_secrets.adapters.sops.program import encrypting

RUNS = 21
PEER_RUNS = 3
"""Over a whole history, where one run of a peer takes a quarter of a minute."""
STAGED = 1000
PROGRAM = str(Path(sys.executable).with_name("gitops-secrets"))


class Limit(NamedTuple):
    """At most *ratio* times the wall time of *peer*."""

    peer: str
    ratio: float


class Bench:
    """A folder with everything in it, and the environment that all programs run in."""

    def __init__(self, folder: Path, gitleaks: str, kingfisher: str) -> None:
        self.folder = folder
        self.gitleaks = gitleaks
        self.kingfisher = kingfisher
        self.chance = random.Random(11)
        self.identity = create_identity()
        self.config = (
            b"creation_rules:\n- path_regex: \\.sops\\.yaml$\n"
            b"  encrypted_regex: ^(data|stringData)$\n  age: " + self.identity.recipient.encode()
        )
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{
                f"GIT_{role}_{what}": "bench@example.com"
                for role in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }

    def git(self, repository: Path, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git prints."""
        return subprocess.run(
            ["git", *arguments],
            cwd=repository,
            env=self.env,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        ).stdout

    def run(self, repository: Path, argv: Sequence[str]) -> bytes:
        """What *argv* prints in *repository*, whatever its status."""
        done = subprocess.run(
            argv,
            cwd=repository,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.stdout

    def repository(self, name: str, files: Mapping[str, bytes]) -> Path:
        """Make a repository with *files* in its first commit."""
        folder = self.folder / name
        folder.mkdir()
        self.git(folder, "init", "--quiet", "--initial-branch=main")
        write(folder, {".sops.yaml": self.config, **files})
        self.git(folder, "add", ".")
        self.git(folder, "commit", "--quiet", "--message", "First")
        return folder

    def secret(self, number: int) -> bytes:
        """Return an encrypted pull Secret, made by the real sops."""
        plain = (
            f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: regcred-{number}\n  namespace: apps\n"
            f"type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: "
            f'\'{{"auths": {{"ghcr.io": {{"username": "robot", "password": "{self.word(24)}"}}}}}}\'\n'
        ).encode()
        with encrypting(self.config, f"{number}.sops.yaml", []) as encrypt:
            return encrypt(plain)[0]

    def like(self, template: bytes, number: int) -> bytes:
        """Return the Secret *number*, of 1,000, with another value than ever, in the form sops gave *template*.

        Its data key is wrapped anew for each Secret, and stays while its value changes, as sops does it.
        """
        which = number % 1000
        made = bytearray(template.replace(b"name: regcred-0", b"name: regcred-%d" % which))
        own = random.Random(which)
        for spans, chance in ((ciphertexts(made), self.chance), (wrapped_keys(made), own)):
            for begin, end in list(spans):
                for at in range(begin, end):
                    if chr(made[at]).isalnum():
                        made[at] = ord(chance.choice("ABCDEFGHabcdefgh01234567"))
        return bytes(made)

    def deployment(self, number: int) -> bytes:
        """Return a manifest of the usual kind and size; one in ten says what it pulls with."""
        pulls = "      imagePullSecrets:\n      - name: regcred\n" if number % 10 == 0 else ""
        env = "".join(
            f"        - name: SETTING_{i}\n          value: {self.word(12)}\n" for i in range(20)
        )
        return (
            f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{number}\nspec:\n"
            f"  template:\n    spec:\n{pulls}      containers:\n      - name: app\n        image: ghcr.io/a/app-{number}:1\n"
            f"        env:\n{env}"
        ).encode()

    def word(self, size: int) -> str:
        """Return a random word."""
        return "".join(self.chance.choices("abcdefghijkmnpqrstuvwxyzABCDEFGH23456789", k=size))

    def ours(self, *arguments: str) -> list[str]:
        """The guard."""
        return [PROGRAM, "scan", *arguments]

    def timed(self, repository: Path, argv: Sequence[str]) -> float:
        """Run *argv* and return its wall time in seconds; what it prints is thrown away."""
        began = time.perf_counter()
        subprocess.run(
            argv,
            cwd=repository,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return time.perf_counter() - began

    def compare(
        self,
        title: str,
        repository: Path,
        commands: Mapping[str, Sequence[str]],
        limits: Sequence[Limit],
        runs: int = RUNS,
        before_ours: Callable[[], None] = lambda: None,
    ) -> bool:
        """Run *commands* in turn, print their medians, and return whether ours is within *limits*."""
        times: dict[str, list[float]] = {name: [] for name in commands}
        for run in range(runs + (runs > 1)):
            for name, argv in commands.items():
                if name == "gitops-secrets":
                    before_ours()
                seconds = self.timed(repository, argv)
                if run or runs == 1:
                    times[name].append(seconds)
        medians = {name: statistics.median(values) for name, values in times.items()}
        print(f"\n{title}", flush=True)
        within = True
        for name, seconds in medians.items():
            ratio = medians["gitops-secrets"] / seconds
            limit = next((limit.ratio for limit in limits if limit.peer == name), None)
            kept = limit is None or ratio <= limit
            within = within and kept
            said = "" if limit is None else f"  limit {limit}: {'kept' if kept else 'NOT KEPT'}"
            compared = "" if name == "gitops-secrets" else f"  ours is {ratio:.3f} of it{said}"
            print(f"  {name:<16} {seconds * 1000:10.1f} ms (of {runs}){compared}", flush=True)
        return within


def wrapped_keys(content: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Yield where the wrapped data key of *content* is another for each file: behind age's own words."""
    for match in re.finditer(rb"\n +(?!YWdl)([A-Za-z0-9+/=]{20,})(?=\n)", content):
        yield match.span(1)


def ciphertexts(content: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Yield where *content* has what sops makes anew with a value: its data, iv and tag."""
    for match in re.finditer(rb",(?:data|iv|tag):([A-Za-z0-9+/]+)", content):
        yield match.span(1)


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write *files* below *folder*."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def staged(bench: Bench) -> bool:
    """One clean file, one encrypted Secret, and a thousand files."""
    commands = {
        "gitops-secrets": bench.ours(),
        "gitleaks": [bench.gitleaks, "git", "--staged", "--no-banner", "--no-color"],
        "kingfisher": kingfisher(bench, "--staged"),
    }
    template = bench.secret(0)
    base = {f"apps/{n}.yaml": bench.deployment(n) for n in range(50)}
    base |= {f"secrets/{n}.sops.yaml": bench.like(template, n) for n in range(1, 21)}

    clean = bench.repository("clean", base)
    write(clean, {"apps/0.yaml": bench.deployment(1000)})
    bench.git(clean, "add", ".")
    kept = bench.compare("one staged clean file", clean, commands, [Limit("gitleaks", 0.9)])

    encrypted = bench.repository("encrypted", base)
    write(encrypted, {"secrets/new.sops.yaml": bench.secret(21)})
    bench.git(encrypted, "add", ".")
    kept &= bench.compare(
        "one staged encrypted Secret", encrypted, commands, [Limit("gitleaks", 1.5)]
    )

    many = bench.repository("many", {})
    write(
        many,
        {
            (f"secrets/{n}.sops.yaml" if n % 3 == 0 else f"apps/{n}.yaml"): (
                bench.like(template, n) if n % 3 == 0 else bench.deployment(n)
            )
            for n in range(STAGED)
        },
    )
    bench.git(many, "add", ".")
    title = f"{STAGED} staged files, a third of them encrypted Secrets"
    return kept & bench.compare(title, many, commands, [Limit("gitleaks", 0.3)], runs=5)


def kingfisher(bench: Bench, *arguments: str) -> list[str]:
    """kingfisher without validation, which would open connections, and without asking for updates."""
    return [
        *(bench.kingfisher, "scan", "--no-validate", "--no-update-check", "--quiet"),
        *(*arguments, "."),
    ]


def history(bench: Bench, commits: int) -> bool:
    """A generated history: two blobs a commit, a fifth of them with the bytes of a Secret."""
    repository = bench.repository("history", {})
    template = bench.secret(0)
    generate(bench, repository, template, commits)
    bench.git(repository, "gc", "--quiet")
    objects = bench.git(
        repository, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"
    )
    print(
        f"\na history of {objects.count(b'commit')} commits and {objects.count(b'blob')} blobs",
        flush=True,
    )
    cache = repository / ".git" / "gitops-secrets"
    commands = {
        "gitops-secrets": bench.ours("--history"),
        "git cat-file": ["git", "cat-file", "--batch-all-objects", "--batch"],
    }
    kept = bench.compare(
        "all of it, nothing known before",
        repository,
        commands,
        [Limit("git cat-file", 3)],
        runs=5,
        before_ours=lambda: shutil.rmtree(cache, ignore_errors=True),
    )
    peers = {
        "gitops-secrets": bench.ours("--history"),
        "gitleaks": [bench.gitleaks, "git", "--no-banner", "--no-color"],
        "kingfisher": kingfisher(bench, "--git-history", "full"),
    }
    kept &= bench.compare(
        "all of it, beside the scanners",
        repository,
        peers,
        [Limit("gitleaks", 0.1), Limit("kingfisher", 0.5)],
        runs=PEER_RUNS,
        before_ours=lambda: shutil.rmtree(cache, ignore_errors=True),
    )
    again(bench, repository, template)
    memory(bench, repository, template, commits)
    return kept


def generate(bench: Bench, repository: Path, template: bytes, commits: int, first: int = 1) -> None:
    """Append *commits* commits to main, two new blobs each."""
    stream: list[bytes] = []
    for number in range(first, first + commits):
        stream.append(
            b"commit refs/heads/main\ncommitter B <b@example.com> %d +0000\ndata 1\nx\n" % number
        )
        if number == first:
            stream.append(b"from refs/heads/main^0\n")
        for which in range(2):
            at = number * 2 + which
            secret = at % 5 == 0
            content = bench.like(template, at % 300) if secret else bench.deployment(at)
            path = (
                f"secrets/{at % 20}/{at % 300}.sops.yaml"
                if secret
                else f"apps/{at % 30}/{at % 900}.yaml"
            )
            stream.append(b"M 100644 inline %s\ndata %d\n" % (path.encode(), len(content)))
            stream.append(content + b"\n")
    bench.git(repository, "fast-import", "--quiet", stdin=b"".join(stream))


def again(bench: Bench, repository: Path, template: bytes) -> None:
    """A second run, and one over ten commits more."""
    same = [bench.timed(repository, bench.ours("--history")) for _ in range(5)]
    generate(bench, repository, template, 10, first=10_000_000)
    grown = bench.timed(repository, bench.ours("--history"))
    print(f"\na second run over the same history: {statistics.median(same) * 1000:.0f} ms")
    print(f"after ten commits more: {grown * 1000:.0f} ms", flush=True)


def memory(bench: Bench, repository: Path, template: bytes, commits: int) -> None:
    """How much memory a first run takes, over this history and over one four times as long."""
    cache = repository / ".git" / "gitops-secrets"
    shutil.rmtree(cache, ignore_errors=True)
    first = peaks(bench, repository)
    for part in range(3):
        generate(bench, repository, template, commits, first=(part + 1) * 100_000)
    bench.git(repository, "gc", "--quiet")
    shutil.rmtree(cache)
    longer, again = peaks(bench, repository), peaks(bench, repository)
    print("\nmemory of our largest process, and of the largest git with the packs that it maps")
    print(f"  a first run: {first[0]} MiB, git {first[1]} MiB")
    print(f"  over a history four times as long: {longer[0]} MiB, git {longer[1]} MiB")
    print(f"  its second run: {again[0]} MiB, git {again[1]} MiB", flush=True)


def peaks(bench: Bench, repository: Path) -> tuple[int, int]:
    """Return the MiB at their peak of the largest process of ours and of git in a history scan."""
    ours, git = 0, 0
    with subprocess.Popen(
        bench.ours("--history"),
        cwd=repository,
        env=bench.env,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as scan:
        while scan.poll() is None:
            for name, size in sizes(scan.pid):
                ours, git = (ours, max(git, size)) if name == "git" else (max(ours, size), git)
            time.sleep(0.01)
    return ours // 1024, git // 1024


def sizes(session: int) -> Iterator[tuple[str, int]]:
    """Yield the name of each process of *session*, and the most KiB that it held so far."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name, _, fields = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            if fields.split()[3] == str(session):
                found = re.search(r"VmHWM:\s+(\d+)", (folder / "status").read_text())
                yield name, int(found[1]) if found else 0


def main() -> int:
    """Print the figures; 0 where every limit is kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gitleaks", default="gitleaks")
    parser.add_argument("--kingfisher", default="kingfisher")
    parser.add_argument("--commits", type=int, default=30_000)
    parser.add_argument("--only", choices=["staged", "history"], default=None)
    options = parser.parse_args()
    for name in (options.gitleaks, options.kingfisher):
        if shutil.which(name) is None:
            print(f"{name} is not there: see --help for how to get it", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory(prefix="gitops-secrets-bench-") as folder:
        bench = Bench(Path(folder), options.gitleaks, options.kingfisher)
        kept = True
        if options.only != "history":
            kept &= staged(bench)
        if options.only != "staged":
            kept &= history(bench, options.commits)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
