"""Everything that tests draw, from one seed, so that a run can be had again.

    GITOPS_SECRETS_TEST_SEED=1234 make test

What is drawn while tests are collected depends on the seed alone, and what a test draws on the seed and the
test's own name: not on which tests ran before it, or in which process. What pyrage and sops draw themselves
(keys, data keys, nonces) comes from the operating system and cannot be had again; no test depends on it.
"""

from __future__ import annotations

import os
import random

VARIABLE = "GITOPS_SECRETS_TEST_SEED"
# Left in the environment, for the other processes of the same run.
SEED = int(os.environ.setdefault(VARIABLE, str(random.SystemRandom().getrandbits(32))))
CHANCE = random.Random(SEED)


def draw_for(name: str) -> None:
    """Have all that is drawn from now on depend on the seed and *name*."""
    CHANCE.seed(f"{SEED} {name}")


def hexadecimal(size: int) -> str:
    """Return *size* drawn bytes as hexadecimal digits."""
    return CHANCE.randbytes(size).hex()
