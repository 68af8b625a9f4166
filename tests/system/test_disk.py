"""A disk that fills up, and one that goes away, while a run writes: on a file system made for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stories import STORIES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("story", STORIES)
def test_all_or_nothing_on_a_full_and_on_a_lost_disk(story: str) -> None:
    arguments = ("-m", "tests.support.disk", "--points", "24", "--story", story)
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"24 points held" in done.stdout
    assert b"full: as before" in done.stdout
