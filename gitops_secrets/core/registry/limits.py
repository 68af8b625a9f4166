"""When a server that was asked too often, or is down for a moment, may be asked again, and how often it may be at all."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import NamedTuple

PASSING = frozenset({429, 502, 503, 504})
"""The statuses that may be others a moment later."""
_COUNT = re.compile(r"([0-9]{1,9});w=([0-9]{1,9})")


class Allowance(NamedTuple):
    """How many pulls a registry allows, as Docker Hub says it with each manifest."""

    limit: int
    remaining: int
    window: int
    """Seconds, at whose end the pulls of their beginning count no longer."""
    counted_for: str | None
    """``account`` or ``address``, None if it is not said."""


def allowance_of(headers: Mapping[str, str]) -> Allowance | None:
    """Return what *headers* say of the pulls that are left; None if they do not say it as Docker Hub does."""
    limit, remaining = (_count(headers, f"ratelimit-{part}") for part in ("limit", "remaining"))
    if limit is None or remaining is None or limit[1] != remaining[1] or remaining > limit:
        return None
    source = headers.get("docker-ratelimit-source")
    whose = None if not source else "address" if _is_address(source) else "account"
    return Allowance(limit[0], remaining[0], limit[1], whose)


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


def _count(headers: Mapping[str, str], name: str) -> tuple[int, int] | None:
    found = _COUNT.fullmatch(headers.get(name, ""))
    return (int(found[1]), int(found[2])) if found is not None and int(found[2]) else None


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 12


def _until(value: str, now: dt.datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())
