"""Pushes by chance: each verdict is that of the oracle, which knows what was planted."""

from __future__ import annotations

from pathlib import Path

from tests.hostile.generate import Generator

PUSHES = 60


SEED = 15


def test_random_pushes_are_judged_as_the_oracle_says(tmp_path: Path) -> None:
    generator = Generator(tmp_path, SEED)
    for number in range(PUSHES):
        problem = generator.step()
        assert not problem, f"seed {SEED}, push {number}: {problem}"
    assert 0 < generator.refused < PUSHES
