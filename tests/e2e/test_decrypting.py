"""What kustomize-controller does with random encrypted files, compared with its own decryptor."""

from __future__ import annotations

from pathlib import Path
from random import Random

from gitops_secrets.core.sops.reader.controller import Handling
from tests.e2e.tools.build import Binaries
from tests.support.draw import CHANCE
from tests.support.fluxfiles import Tally
from tests.support.sopsfiles import Sops

DRAWN, ALIKE = 200, 150


def test_each_file_is_handled_as_the_decryptor_handles_it(
    binaries: Binaries, tmp_path: Path
) -> None:
    seed = CHANCE.getrandbits(32)
    sops, tally = Sops(tmp_path), Tally()
    tally.ask(binaries.decrypting, sops, Random(seed), DRAWN)
    assert not tally.wrong, f"seed {seed}: {len(tally.wrong)} differ\n" + "\n".join(tally.wrong[:5])


def test_most_files_are_told_and_each_outcome_is_among_them(
    binaries: Binaries, tmp_path: Path
) -> None:
    """Over files that are drawn alike each time."""
    sops, tally = Sops(tmp_path), Tally()
    tally.ask(binaries.decrypting, sops, Random(0), ALIKE)
    assert not tally.wrong, f"{len(tally.wrong)} differ\n" + "\n".join(tally.wrong[:5])
    assert tally.counted[Handling.UNSUPPORTED] + tally.unbuilt < tally.counted.total() / 3
    assert min(tally.counted[h] for h in (Handling.OPENS, Handling.REFUSES, Handling.LEAVES)) > 0
    assert tally.despite > 5, "the controller opens what sops refuses"
