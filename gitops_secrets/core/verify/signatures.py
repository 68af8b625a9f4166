"""What Git says of the signature of a commit, and whose it is: by fingerprint or principal, never by a name in a key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_UNUSABLE = {
    "E": "is signed with a key that is not at hand: {key}",
    "X": "has a signature that has expired, of the key {key}",
    "Y": "is signed with a key that has expired: {key}",
    "R": "is signed with a key that was revoked: {key}",
}
_GOOD = "G"
"""Git's letter for a signature that fits."""
_UNKNOWN = "U"
"""Git's letter for one that fits, of a key or a certificate that is not trusted."""
FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")
"""Of an OpenPGP key or an X.509 certificate, in capitals."""
SSH_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


class Signature(NamedTuple):
    """The signature of one commit, as git-log(1) tells it."""

    commit: str
    letter: str
    """``%G?``: N only for a commit that has none."""
    primary: str = ""
    """The fingerprint of the primary key, for OpenPGP."""
    key: str = ""
    """The fingerprint of the key itself, or what is known of it."""
    name: str = ""
    """The principal of an SSH signature; of any other what the key claims, which proves nothing."""

    is_certificate: bool = False
    """Whether it is of an X.509 certificate."""

    @property
    def is_good(self) -> bool:
        """Whether it fits the commit, and the key is neither expired nor revoked.

        Of a key, the fingerprint counts and no trust. A certificate has to be trusted: without that, gpgsm does not say
        whether it has expired or was revoked.
        """
        return self.letter == _GOOD or (self.letter == _UNKNOWN and not self.is_certificate)

    @property
    def is_absent(self) -> bool:
        """Whether the commit has none."""
        return self.letter == "N"

    @property
    def shown_key(self) -> str:
        """The key as a sentence names it."""
        return self.primary or self.key or "unknown"

    @property
    def principal(self) -> str:
        """Who signed by the allowed signers file, "" if nobody in it."""
        is_ssh = SSH_FINGERPRINT.fullmatch(self.key) is not None
        return self.name if is_ssh and self.letter == "G" else ""

    @property
    def flaw(self) -> str:
        """Why a signature that is there does not count, as a sentence goes on; "" if it is good."""
        if self.is_good:
            return ""
        if self.letter == _UNKNOWN:
            return (
                "is signed with a certificate whose authority gpgsm does not trust or could not ask, so nobody knows "
                f"whether it has expired or was revoked: {self.shown_key}"
            )
        unusable = _UNUSABLE.get(self.letter)
        if unusable is not None:
            return unusable.format(key=self.shown_key)
        return "has a signature that does not fit it"


class Signers(NamedTuple):
    """Who may sign at all."""

    persons: Mapping[str, tuple[str, ...]] = {}
    """The keys of each, by a name: fingerprints, and principals of the allowed signers file."""
    by_principal: bool = False
    """Whether each principal of the allowed signers file is a signer of that name."""

    def signer_of(self, signature: Signature) -> str | None:
        """Return the name of whoever made the good *signature*, None if that is nobody here."""
        held = {signature.primary.upper(), signature.key.upper()} - {""}
        if SSH_FINGERPRINT.fullmatch(signature.key):
            held = {signature.key, signature.principal} - {""}
        for name, keys in self.persons.items():
            if held & {key.upper() if is_hex(key) else key for key in keys}:
                return name
        return (signature.principal or None) if self.by_principal else None


def is_hex(key: str) -> bool:
    """Return whether *key* is the fingerprint of an OpenPGP key or a certificate."""
    return FINGERPRINT.fullmatch(key.upper()) is not None
