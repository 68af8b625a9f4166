"""What is noted about a rotation in a Secret's annotations: readable, and a hint only."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import NamedTuple

EXEC = "exec"
"""What is noted as the provider if a program of the user's mints."""
BROUGHT = "brought"
"""What is noted instead of a provider if the user brings the new credential."""


class Record(NamedTuple):
    """What is noted about the credential of one registry."""

    provider: str
    """What minted it: EXEC, BROUGHT, or the name of a provider."""
    ident: str | None = None
    """The id of the credential that the Secret holds."""
    expires: str | None = None
    previous: str | None = None
    """The id of the credential before it: where a list still has it, the rotation is not complete."""

    @property
    def ends(self) -> dt.datetime | None:
        """When the credential ends; None if nothing readable is noted of it."""
        try:
            end = dt.datetime.fromisoformat(self.expires or "")
        except ValueError:
            return None
        return end if end.tzinfo is not None else None


def parse_records(value: str | None) -> dict[str, Record]:
    """Return what the annotation *value* says, by registry key; nothing of what is not as it is written here."""
    try:
        found = json.loads(value or "{}")
    except (ValueError, RecursionError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {
        key: Record(
            str(entry.get("provider")),
            *(_text(entry.get(name)) for name in ("id", "expires", "previous")),
        )
        for key, entry in entries
        if isinstance(entry, dict)
    }


def format_records(records: Mapping[str, Record]) -> str:
    """Return the annotation that says *records*."""
    return json.dumps(
        {
            key: {
                name: value
                for name, value in zip(("provider", "id", "expires", "previous"), r, strict=True)
                if value is not None
            }
            for key, r in sorted(records.items())
        }
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.isprintable() else None
