"""A user name and a password for one registry."""

from __future__ import annotations

from gitops_secrets.core.veiled import Veiled, hold
from gitops_secrets.errors import UsageError


class Credentials(Veiled):
    """A user name and a password for one registry.

    The password is kept out of everything that this process says from now on: a hook or a server may
    have it as well, and what they print is quoted in errors.
    """

    __slots__ = ("password", "username")

    def __init__(self, username: str, password: str) -> None:
        self.username = username
        self.password = password
        hold(password)


def parse_credentials(value: str, source: str) -> Credentials:
    """Return the credentials in *value*, split at its first colon.

    *source* names where it came from, for the error: the value itself is never quoted.
    """
    username, colon, password = value.partition(":")
    if not colon or not username or not password:
        missing = "colon" if not colon else ("user name" if not username else "password")
        raise UsageError(
            f"the credentials from {source} have no {missing}", "the form is USER:PASSWORD"
        )
    if not _is_utf8(value):
        raise UsageError(f"the credentials from {source} are not UTF-8 text")
    if value.startswith("\ufeff") or "\0" in value:
        what = "hold a NUL" if "\0" in value else "begin with a byte order mark"
        raise UsageError(
            f"the credentials from {source} {what}, which no registry takes",
            "save them as UTF-8 text without a byte order mark",
        )
    return Credentials(username, password)


def _is_utf8(value: str) -> bool:
    """Return whether *value* is text: what came from outside and is none holds lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def strip_one_newline(content: bytes, source: str) -> str:
    """Return *content* as text, less one trailing newline. Raises UsageError if it is not UTF-8."""
    try:
        value = content.decode()
    except UnicodeDecodeError:
        raise UsageError(f"the credentials from {source} are not UTF-8 text") from None
    if value.endswith("\r\n"):
        return value[:-2]
    return value.removesuffix("\n")
