"""Each hint that asks a cluster does what it says in the situation that prints it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.hints.ground import Grounded
from tests.e2e.hints.live import Living
from tests.e2e.hints.table import OF_FLUX, OF_GROUND
from tests.hints.situation import Situation, follow


def named(situation: object) -> str:
    assert isinstance(situation, Situation)
    return situation.name.replace(" ", "-")


@pytest.mark.parametrize("situation", OF_GROUND, ids=named)
def test_a_hint_works_where_no_flux_is(
    tmp_path: Path, ground: Cluster, situation: Situation[Grounded]
) -> None:
    with Grounded(tmp_path / "user", ground) as user:
        follow(user, situation)


@pytest.mark.parametrize("situation", OF_FLUX, ids=named)
def test_a_hint_works_where_flux_runs(living: Living, situation: Situation[Living]) -> None:
    try:
        follow(living, situation)
    finally:
        living.heal()
