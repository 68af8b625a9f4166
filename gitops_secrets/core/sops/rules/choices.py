"""Which values sops encrypts: the fields of a creation rule, or of a sops block, that choose them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from gitops_secrets.core.goregex.match import GoRegexError, go_regex


class Choice(NamedTuple):
    """One of structure.RULE_FIELDS, and its value, which is not empty."""

    field: str
    value: str

    @property
    def is_by_comments(self) -> bool:
        """Whether comments decide, which no reader of JSON sees."""
        return "comment" in self.field

    @property
    def is_understood(self) -> bool:
        """Whether it is known here what Go makes of its value."""
        if not self.field.endswith("encrypted_regex"):
            return True
        try:
            go_regex(self.value)
        except GoRegexError as error:
            return error.is_refused
        return True

    def encrypts(self, path: Sequence[str]) -> bool:
        """Return whether the value at *path* is chosen: any key on the way to it decides.

        A regular expression that Go does not take is found nowhere, as sops has it. So is one that is not
        understood here.
        """
        if self.is_by_comments:
            return False
        found = any(map(self.is_in, path))
        return found != self.field.startswith("unencrypted")

    def is_in(self, key: str) -> bool:
        """Return whether *key* is one that the choice names, by its end or by its expression."""
        return _is_in(self.field, self.value, key)


@lru_cache(maxsize=4096)
def _is_in(field: str, value: str, key: str) -> bool:
    if field.endswith("suffix"):
        return key.endswith(value)
    try:
        return go_regex(value).is_found_in(key)
    except GoRegexError:
        return False


EVERYTHING = Choice("unencrypted_suffix", "_unencrypted")
"""What sops goes by if nothing is chosen."""
