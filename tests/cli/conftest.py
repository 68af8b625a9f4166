"""Fixtures of the stories that are told with the installed command."""

from __future__ import annotations

import pytest

from tests.support.fleet import fleet
from tests.support.secrets import mixed, opaque, recipient, rule
from tests.support.user import User
from tests.support.verified import A, B, seal

__all__ = ["fleet", "own"]


@pytest.fixture
def own(user: User) -> str:
    """The recipient of a user with two encrypted Secrets in a commit."""
    own = recipient(user)
    user.commit({".sops.yaml": rule(own)})
    seal(user, A, opaque(mixed(), mixed(), name="a"))
    seal(user, B, opaque(mixed(), mixed(), name="b"))
    user.commit({})
    return own
