"""Post-quantum age recipients: which Flux reads them, and how a line of text names one."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PREFIX = "age1pq1"
_SECRET = ("AGE-SECRET-KEY", "AGE-PLUGIN")
_READS = 2, 9
"""The first Flux whose kustomize-controller parses ``AGE-SECRET-KEY-PQ-1`` (sops with age 1.3)."""
_VERSION = rb"(?m)^\s+app\.kubernetes\.io/version: [\"']?v(\d+)\.(\d+)"


def is_post_quantum(recipient: str) -> bool:
    """Return whether *recipient* is a post-quantum one, as ``age-keygen -pq`` makes them."""
    return recipient.startswith(_PREFIX)


def is_identity(recipient: str) -> bool:
    """Return whether *recipient* is an identity by mistake: the secret half."""
    return any(mark in recipient.upper() for mark in _SECRET)


def visible(recipient: str) -> str:
    """Return *recipient* as it may be printed: an identity is never shown."""
    return "(an identity, not shown)" if is_identity(recipient) else recipient


def shorten(recipient: str) -> str:
    """Return *recipient* as people read it: a post-quantum one has 1,959 characters."""
    if is_identity(recipient):
        return visible(recipient)
    return f"{recipient[:22]}...{recipient[-6:]}" if is_post_quantum(recipient) else recipient


def too_old(components: bytes, recipients: Iterable[str]) -> str | None:
    """Return the Flux of gotk-components.yaml, as v2.8, where it opens for none of *recipients*.

    None if it opens for one, if there are none, and where its version is not told.
    """
    found = re.search(_VERSION, components)
    of = list(recipients)
    if found is None or not of or not all(map(is_post_quantum, of)):
        return None
    version = int(found[1]), int(found[2])
    return f"v{version[0]}.{version[1]}" if version < _READS else None
