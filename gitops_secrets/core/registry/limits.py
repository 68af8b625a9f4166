"""When a server that was asked too often, or is down for a moment, may be asked again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

PASSING = frozenset({429, 502, 503, 504})
"""The statuses that may be others a moment later."""


def wait_of(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Return the seconds from *now* until a server wants to be asked again, None if it does not say.

    ``Retry-After`` has seconds or a date; ``X-Retry-After`` of Docker Hub has seconds since 1970.
    """
    value = headers.get("Retry-After")
    if value is not None:
        return float(value) if _is_number(value) else _until(value, now)
    moment = headers.get("X-Retry-After")
    if moment is not None and _is_number(moment):
        return max(0.0, float(moment) - now.timestamp())
    return None


def spoken(seconds: float) -> str:
    """Return how long a wait is, in words."""
    return f"again in {max(1, round(seconds))} seconds"


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 12


def _until(value: str, now: dt.datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())
