"""What all tiers share: a user with the installed command, real git and real sops, and a HOME of his own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import draw
from tests.support.signals import hear_signals
from tests.support.user import User

hear_signals()
# No test depends on load: drawing and running an example takes as long as it takes.
settings.register_profile(
    "untimed", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
settings.load_profile("untimed")


def pytest_report_header() -> str:
    return f"drawn with {draw.VARIABLE}={draw.SEED}"


@pytest.fixture(autouse=True)
def _drawn_for_each_test(request: pytest.FixtureRequest) -> None:
    draw.draw_for(request.node.nodeid)


@pytest.fixture
def user(tmp_path: Path) -> User:
    """A user with an empty repository."""
    return User(tmp_path)
