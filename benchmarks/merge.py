"""A merge of one encrypted file by the driver beside the start of sops that it is made of, in one run.

``python -m benchmarks.merge``: medians of runs in turn, and their ratios. One ``sops decrypt`` of the same file is the
unit. A driver has to open three versions, set what differs, and read the result back.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyrage

from gitops_secrets.adapters.sops.binary import find_sops

RUNS = 15
LIMIT = 6.0
_SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n" + "".join(
    f"  key{number}: value{number}\n" for number in range(10)
)


class Bench:
    """Three versions of one file: each side has set another key."""

    def __init__(self, folder: Path) -> None:
        identity = pyrage.x25519.Identity.generate()
        keys = folder / "keys.txt"
        keys.write_text(f"{identity}\n")
        self.folder = folder
        self.env = {**os.environ, "SOPS_AGE_KEY_FILE": str(keys), "HOME": str(folder)}
        self.program = str(Path(sys.executable).with_name("gitops-secrets"))
        self.base = folder / "base.sops.yaml"
        self.base.write_bytes(
            self._sops(
                *("encrypt", "--age", str(identity.to_public())),
                *("--encrypted-regex", "^(data|stringData)$"),
                *("--input-type", "yaml", "--output-type", "yaml", "/dev/stdin"),
                stdin=_SECRET.encode(),
            )
        )
        self.ours, self.theirs = (
            self._side(name, key) for name, key in (("ours", 1), ("theirs", 8))
        )
        self.kept = self.ours.read_bytes()

    def _side(self, name: str, key: int) -> Path:
        file = self.folder / f"{name}.sops.yaml"
        file.write_bytes(self.base.read_bytes())
        self._sops("set", str(file), f'["stringData"]["key{key}"]', f'"of {name}"')
        return file

    def _sops(self, *arguments: str, stdin: bytes = b"") -> bytes:
        command = [find_sops(), *arguments]
        return subprocess.run(
            command, input=stdin, env=self.env, capture_output=True, check=True
        ).stdout

    def decrypt(self) -> None:
        """Decrypt one version."""
        self._sops("decrypt", str(self.ours))

    def merge(self) -> None:
        """Merge the three, as Git would have it done."""
        self.ours.write_bytes(self.kept)
        files = [str(file) for file in (self.base, self.ours, self.theirs)]
        subprocess.run([self.program, "__merge", *files, "db.sops.yaml"], env=self.env, check=True)


def main() -> int:
    """Print the medians and return 1 if the limit is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        actions: dict[str, Callable[[], None]] = {
            "sops decrypt": bench.decrypt,
            "merge": bench.merge,
        }
        times: dict[str, list[float]] = {name: [] for name in actions}
        for _ in range(RUNS):
            for name, action in actions.items():
                start = time.perf_counter()
                action()
                times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    for name, taken in medians.items():
        print(f"{name:<14}{taken * 1000:7.1f} ms")
    ratio = medians["merge"] / medians["sops decrypt"]
    print(f"merge / sops decrypt: {ratio:.2f} (limit {LIMIT:.0f})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
