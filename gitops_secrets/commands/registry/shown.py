"""The user name of a credential as it is shown."""

from __future__ import annotations

from gitops_secrets.core.discretion.suspicion import NOT_SHOWN, is_unmistakable
from gitops_secrets.core.registry.credentials import Credentials


def shown_user(credentials: Credentials) -> str:
    """Return the user name of *credentials*, unless it is the secret itself: some servers take a token in its place."""
    user = credentials.username
    return NOT_SHOWN if user == credentials.password or is_unmistakable(user) else user
