"""What is said to a program that mints and revokes, and what it answers: JSON, version 1.

Names and ids go in; a secret only comes out, in the answer to ``mint``.
"""

from __future__ import annotations

import datetime as dt
import json
from enum import StrEnum
from typing import Any

from gitops_secrets.core.registry.credentials import Credentials, parse_credentials
from gitops_secrets.core.registry.rotation.minted import Listed, Minted
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_LONGEST = 200
"""Characters of an id, a name or a user name."""


class Action(StrEnum):
    """What a program is asked to do: its last argument."""

    LIST = "list"
    MINT = "mint"
    REVOKE = "revoke"


def build_request(action: Action, registry: str, **fields: str | None) -> bytes:
    """Return what the program gets on standard input."""
    return json.dumps({"version": 1, "action": action, "registry": registry, **fields}).encode()


def parse_minted(answer: bytes, program: str) -> Minted:
    """Return what *program* minted. Raises GitOpsSecretsError, without a word of it, for an answer that is none."""
    found = _object(answer, program, Action.MINT)
    secret, user = found.get("secret"), _text(found, "user", program, Action.MINT)
    ident = _text(found, "id", program, Action.MINT)
    if not isinstance(secret, str):
        raise _invalid(program, Action.MINT, "secret is not a string")
    if secret and (secret in ident or secret in user):
        # The id goes into Git, readable.
        Credentials(user, secret)
        raise _invalid(program, Action.MINT, "id or user holds the secret")
    try:
        credentials = parse_credentials(f"{user}:{secret}", "the program")
    except UsageError as error:
        raise _invalid(program, Action.MINT, error.message) from None
    if ":" in user:
        raise _invalid(program, Action.MINT, "user has a colon, which no registry takes")
    seconds = found.get("token_seconds")
    if seconds is not None and (not isinstance(seconds, int) or isinstance(seconds, bool)):
        raise _invalid(program, Action.MINT, "token_seconds is not a number")
    return Minted(ident, credentials, _time(found.get("expires"), program), seconds)


def parse_listed(answer: bytes, program: str) -> list[Listed]:
    """Return what *program* lists; the errors are those of parse_minted."""
    entries = _object(answer, program, Action.LIST).get("credentials")
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise _invalid(program, Action.LIST, "credentials is not a list of objects")
    found = [
        Listed(
            _text(entry, "id", program, Action.LIST),
            _text(entry, "name", program, Action.LIST),
            _text(entry, "user", program, Action.LIST) if entry.get("user") is not None else None,
        )
        for entry in entries
    ]
    if len({one.ident for one in found}) != len(found):
        raise _invalid(program, Action.LIST, "two credentials have the same id")
    return found


def _object(answer: bytes, program: str, action: Action) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _invalid(program, action, "it is not a JSON object")
    return found


def _text(found: dict[str, Any], key: str, program: str, action: Action) -> str:
    value = found.get(key)
    if not isinstance(value, str) or not value or not value.isprintable() or len(value) > _LONGEST:
        raise _invalid(program, action, f"{key} is not a string of 1 to {_LONGEST} characters")
    return value


def _time(value: object, program: str) -> str | None:
    if value is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if not isinstance(value, str) or moment is None or moment.tzinfo is None:
        raise _invalid(program, Action.MINT, "expires is not a time like 2027-01-31T00:00:00Z")
    return moment.isoformat()


def _invalid(program: str, action: Action, why: str) -> GitOpsSecretsError:
    return GitOpsSecretsError(
        f"the answer of {program} to {action} cannot be used: {why}",
        "docs/rotation.md shows what a program answers",
    )
