"""The user's own settings: never a repository's. They are read only when something asks for them."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from gitops_secrets.core.sops.keymanagers import VARIABLE, Allowed, parse_settings, parse_variable
from gitops_secrets.errors import GitOpsSecretsError


@cache
def allowed_key_managers() -> Allowed:
    """Return what the user allows sops to contact or run; the variable goes before the file.

    Raises GitOpsSecretsError for settings that cannot be read or lie in a Git work tree.
    """
    variable = os.environ.get(VARIABLE)
    if variable is not None:
        return parse_variable(variable)
    path = settings_file()
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Allowed()
    except OSError as error:
        raise GitOpsSecretsError(f"{path} cannot be read: {error.strerror}") from None
    for folder in path.resolve().parents:
        if (folder / ".git").exists():
            raise GitOpsSecretsError(
                f"the settings {path} lie in the Git work tree {folder}, whose commits would decide "
                "what is contacted",
                f"keep them outside every repository, or set {VARIABLE}",
            )
    return parse_settings(content, str(path))


def settings_file() -> Path:
    """Return where the user's settings are. A relative XDG_CONFIG_HOME does not count, by its own standard."""
    xdg = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(xdg) if os.path.isabs(xdg) else Path.home() / ".config"
    return folder / "gitops-secrets" / "config.yaml"
