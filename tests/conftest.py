"""What all tiers share: a user with the installed command, real git and real sops, and a HOME of his own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.user import User


@pytest.fixture
def user(tmp_path: Path) -> User:
    """A user with an empty repository."""
    return User(tmp_path)
