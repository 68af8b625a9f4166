"""Each hint does what it says in the situation that prints it."""

from __future__ import annotations

import pytest

from tests.hints.situation import Situation, follow
from tests.hints.table import TABLE
from tests.support.user import User


@pytest.mark.parametrize("situation", TABLE, ids=lambda one: one.name.replace(" ", "-"))
def test_a_hint_works_where_it_is_printed(user: User, situation: Situation) -> None:
    follow(user, situation)
