"""When a server may be asked again, by its headers."""

from __future__ import annotations

import datetime as dt

import pytest

from gitops_secrets.core.registry.limits import wait_of

NOW = dt.datetime(2027, 1, 31, 12, 0, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": "Sun, 31 Jan 2027 12:01:30 GMT"}, 90),
        ({"Retry-After": "Sun, 31 Jan 2027 11:00:00 GMT"}, 0),
        ({"X-Retry-After": str(int(NOW.timestamp()) + 45)}, 45),
        ({"X-Retry-After": str(int(NOW.timestamp()) - 45)}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({"X-Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_what_the_server_says(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_of(headers, NOW) == seconds
