"""The header by which a request logs in."""

from __future__ import annotations

import base64

from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.veiled import hold


def basic(credentials: Credentials) -> dict[str, str]:
    """Return the header of Basic authentication; what it spells is held as a secret too."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    encoded = base64.b64encode(pair).decode()
    hold(encoded)
    return {"Authorization": f"Basic {encoded}"}


def bearer(token: str) -> dict[str, str]:
    """Return the header of a login with *token*."""
    return {"Authorization": f"Bearer {token}"}
