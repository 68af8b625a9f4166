"""verify beside ``sops decrypt`` of the same files: cold processes in turn, ratio of medians.

    python -m benchmarks.verify [--files 1000] [--sops PATH]

The repository is made up in a temporary folder: encrypted Secrets of the real sops, each with a data key of
its own. sops decrypts them one by one, and two at a time as ``xargs -P2`` does. A single file is measured too, and
what verify does without a key beside ``git cat-file`` and PyYAML's C loader over the same files.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.guard import PROGRAM, Bench, Limit
from gitops_secrets.adapters.sops.binary import find_sops

LOAD = """
import subprocess, yaml
listed = subprocess.run(["git", "ls-files", "--stage", "apps"], stdout=-1).stdout.splitlines()
ids = b"".join(line.split()[1] + b"\\n" for line in listed)
out = subprocess.run(["git", "cat-file", "--batch"], input=ids, stdout=-1).stdout
at = 0
while at < len(out):
    begin = out.index(b"\\n", at) + 1
    end = begin + int(out[at:begin].split()[2])
    yaml.load(out[begin:end], yaml.CSafeLoader)
    at = end + 1
"""


def main() -> int:
    """Print the figures; 0 where verify is within its limits."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--sops", default=find_sops())
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitops-secrets-bench-") as folder:
        bench = Bench(Path(folder), "", "")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            secrets = list(pool.map(bench.secret, range(asked.files)))
        names = [f"apps/{number}.sops.yaml" for number in range(asked.files)]
        top = bench.repository("fleet", dict(zip(names, secrets, strict=True)))
        keys = bench.folder / "keys.txt"
        keys.write_bytes(bench.identity.secret + b"\n")
        bench.env["SOPS_AGE_KEY_FILE"] = str(keys)
        said = bench.run(top, [PROGRAM, "verify"])
        if f"the MAC fits in {asked.files} of {asked.files}".encode() not in said:
            print("what was made up is not what is to be measured:", said.decode())
            return 1
        print(said.decode().strip().splitlines()[-2])
        (top / "names").write_text("\n".join(names))
        decrypt = f"{shlex.quote(asked.sops)} decrypt"
        one_by_one = f"for f in apps/*; do {decrypt} $f; done"
        two = f"xargs -P2 -n1 {decrypt} < names"
        kept = bench.compare(
            f"{asked.files} encrypted Secrets, every value and MAC",
            top,
            {
                "gitops-secrets": [PROGRAM, "verify"],
                "sops decrypt": ["sh", "-c", one_by_one],
                "sops decrypt, two at a time": ["sh", "-c", two],
            },
            [Limit("sops decrypt", 1 / 50), Limit("sops decrypt, two at a time", 1 / 25)],
            runs=3,
        )
        kept &= bench.compare(
            "one encrypted Secret",
            top,
            {
                "gitops-secrets": [PROGRAM, "verify", names[0]],
                "sops decrypt": [asked.sops, "decrypt", names[0]],
            },
            [Limit("sops decrypt", 2.0)],
        )
        kept &= bench.compare(
            f"{asked.files} encrypted Secrets, without a key",
            top,
            {
                "gitops-secrets": [PROGRAM, "verify", "--keyless"],
                "git cat-file and PyYAML": [sys.executable, "-c", LOAD],
            },
            [],
            runs=5,
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
