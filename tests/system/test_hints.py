"""Each hint that needs a registry, a vendor's API or a Debian package does what it says in the situation that prints it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hints.situation import Situation, follow
from tests.system.hints.site import Servers, Site
from tests.system.hints.table import OF_SERVERS


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers of all situations."""
    with Servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.mark.parametrize("situation", OF_SERVERS, ids=lambda one: one.name.replace(" ", "-"))
def test_a_hint_works_where_it_is_printed(
    tmp_path: Path, servers: Servers, situation: Situation[Site]
) -> None:
    servers.reset()
    follow(Site(tmp_path, servers), situation)
