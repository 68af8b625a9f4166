"""The environment that sops gets: an allow-list, and what keeps it from key managers that are not allowed."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from gitops_secrets.core.sops.keys.managers import passed_variables

_PASSED = ("PATH", "TMPDIR", "SYSTEMROOT", "LANG")
_FIXED = {
    # A HOME that does not exist: sops would add the user's own identities to the one it is given.
    "HOME": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    # Its default is every address.
    "SOPS_HC_VAULT_ALLOWLIST": "none",
    # sops --version asks a server for the newest one.
    "SOPS_DISABLE_VERSION_CHECK": "1",
}
"""What sops gets in any case."""


def environment_for(kinds: Collection[str]) -> dict[str, str]:
    """Return the environment of a sops that may use key managers of *kinds*."""
    passed = (*_PASSED, *passed_variables(kinds))
    env = {k: v for k in passed if (v := os.environ.get(k)) is not None}
    return {**env, **_FIXED, **_managers(kinds)}


def _managers(kinds: Collection[str]) -> dict[str, str]:
    """Return what keeps sops from key managers of other kinds than *kinds*, were it to meet one after all."""
    from gitops_secrets.adapters.settings import allowed_key_managers

    held = {}
    if "hc_vault" in kinds:
        held["SOPS_HC_VAULT_ALLOWLIST"] = ",".join(allowed_key_managers().addresses("hc_vault"))
    if "pgp" in kinds:
        held["GNUPGHOME"] = os.environ.get("GNUPGHOME") or str(Path.home() / ".gnupg")
    else:
        held["SOPS_GPG_EXEC"] = "/nonexistent"
    return held
