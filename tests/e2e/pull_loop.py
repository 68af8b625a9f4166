"""Pull all along while credentials are rotated, and count the pulls that are refused.

    python -m tests.e2e.pull_loop --pulls 2000

Registry, token API, Git host, API server and kustomize-controller are real. One rotation follows the other, in turn by
a push and by a merge request, until so many pulls were made, and at least one of each. Each pull reads the Secret that
the cluster has at that moment, and makes an exchange of its own.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.pulling import Place, Puller, place
from tests.e2e.tools.build import build

_COMPLETE = "the rotation is complete"


def rotate_while_pulling(at: Place, pulls: int) -> tuple[Puller, int]:
    """Rotate at *at* until a node made *pulls* pulls. Return what it saw, and how many rotations there were."""
    ways = itertools.cycle([at.rotate_by_push, at.rotate_by_merge_request])
    with Puller(at.cluster, at.gitea.registry) as puller:
        for number, rotate in enumerate(ways, 1):
            printed = rotate()
            if _COMPLETE not in printed:
                raise RuntimeError(f"rotation {number} is not complete\n{printed}")
            if number >= 2 and puller.pulls + len(puller.refused) >= pulls:
                return puller, number
    raise AssertionError("the ways never end")


def main() -> int:
    """Print the figures; 0 if no pull was refused."""
    parser = argparse.ArgumentParser(description="Pull all along while credentials are rotated.")
    parser.add_argument("--pulls", type=int, default=2000)
    asked = parser.parse_args()
    start = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="gitops-secrets-pulls-") as folder,
        place(build(), Path(folder) / "place") as at,
    ):
        puller, rotations = rotate_while_pulling(at, asked.pulls)
    print(
        f"{puller.pulls} pulls in {rotations} rotations, with {len(puller.users)} changes of the Secret: "
        f"{len(puller.refused)} refused, {time.monotonic() - start:.0f} s"
    )
    for answer in puller.refused:
        print(f"refused: {answer}")
    return 1 if puller.refused else 0


if __name__ == "__main__":
    sys.exit(main())
