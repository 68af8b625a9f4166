"""Groups of rules, for those who want a part of the guard as a hook of its own."""

from __future__ import annotations

from gitops_secrets.core.guard.rules import IDENTS

_ALWAYS = frozenset({"unreadable", "content-elsewhere", "marker-without-reason", "policy-change"})
_KEYS = frozenset({"age-identity", "pgp-private-key"})
_SECRETS = frozenset(
    {
        *("unencrypted-secret", "partly-encrypted-secret", "broken-sops-metadata"),
        *("conflict-markers", "encrypted-other-kind", "moved-ciphertext", "copied-ciphertext"),
    }
)
GROUPS = {
    "all": frozenset(IDENTS),
    "credentials": frozenset(IDENTS) - _KEYS - _SECRETS,
    "secrets": _SECRETS | _ALWAYS,
    "keys": _KEYS | _ALWAYS,
}
"""The rules of each group; what could not be judged belongs to all of them."""
