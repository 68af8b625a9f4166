"""Random encrypted files, tampered with or not: what the reader says of them is what the real sops does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from gitops_secrets.core.sops.reader.read import Verdict
from tests.support.draw import CHANCE
from tests.support.sopsfiles import Sops, cases, disagreement

CHUNKS, IN_CHUNK, TAMPERED = 8, 10, 4


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_verdict_is_that_of_sops(chunk: int, tmp_path: Path) -> None:
    sops = Sops(tmp_path)
    counted = Counter[Verdict]()
    for _ in range(IN_CHUNK):
        seed = CHANCE.getrandbits(32)
        for case in cases(Random(seed), sops, TAMPERED):
            reading = sops.ours(case)
            counted[reading.verdict] += 1
            problem = disagreement(case, reading, sops.status(case))
            assert problem is None, f"seed {seed}: {problem}"
    # Most get a verdict, and not all the same one.
    assert counted[Verdict.UNSUPPORTED] < counted.total() / 2
    assert counted[Verdict.INTACT]
    assert counted[Verdict.INTACT] < counted.total()
