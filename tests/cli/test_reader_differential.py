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
    for _ in range(IN_CHUNK):
        seed = CHANCE.getrandbits(32)
        for case in cases(Random(seed), sops, TAMPERED):
            problem = disagreement(case, sops.ours(case), sops.status(case))
            assert problem is None, f"seed {seed}: {problem}"


def test_most_files_get_a_verdict_and_not_all_the_same_one(tmp_path: Path) -> None:
    """Over many files that are the same ones each time: of few that are drawn, most may be of a kind that gets none."""
    sops = Sops(tmp_path)
    counted = Counter(
        sops.ours(case).verdict
        for seed in range(CHUNKS * IN_CHUNK)
        for case in cases(Random(seed), sops, TAMPERED)
    )
    assert counted[Verdict.UNSUPPORTED] < counted.total() / 2
    assert 0 < counted[Verdict.INTACT] < counted.total()
