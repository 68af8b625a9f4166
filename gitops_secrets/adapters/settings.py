"""The user's own settings: never a repository's. They are read only when something asks for them."""

from __future__ import annotations

import os
from pathlib import Path

from gitops_secrets.core.registry.realm import parse_hosts
from gitops_secrets.core.run import this_run
from gitops_secrets.core.sops.keys.managers import (
    PROGRAMS,
    REALMS,
    VARIABLE,
    Allowed,
    parse_settings,
    parse_variable,
)
from gitops_secrets.core.yamltext.nodes import compose_single, items, text
from gitops_secrets.errors import GitOpsSecretsError, UsageError


def allowed_key_managers() -> Allowed:
    """Return what the user allows sops to contact or run; the variable goes before the file.

    Raises GitOpsSecretsError for settings that cannot be read or lie in a Git work tree.
    """
    return this_run().once(_allowed_key_managers)


def _allowed_key_managers() -> Allowed:
    variable = os.environ.get(VARIABLE)
    if variable is not None:
        return parse_variable(variable)
    content = _read()
    return Allowed() if content is None else parse_settings(content, str(settings_file()))


def allowed_realms() -> frozenset[str]:
    """Return the hosts of realms that may get a registry's credential; the errors are those of the settings."""
    content = _read()
    if content is None:
        return frozenset()
    name = str(settings_file())
    parse_settings(content, name)
    values = [str(item.value) for item in items(compose_single(content, name), REALMS)]
    try:
        return parse_hosts(values, REALMS)
    except UsageError as error:
        raise GitOpsSecretsError(f"{name}: {error.message}", *error.hints) from None


def program_for(host: str) -> str | None:
    """Return the command that mints and revokes the credentials of the registry *host*, None if there is none.

    The errors are those of the settings.
    """
    content = _read()
    if content is None:
        return None
    name = str(settings_file())
    parse_settings(content, name)
    return text(compose_single(content, name), PROGRAMS, host)


def _read() -> bytes | None:
    """Return the settings file, None if there is none."""
    path = settings_file()
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise GitOpsSecretsError(f"{path} cannot be read: {error.strerror}") from None
    for folder in path.resolve().parents:
        if (folder / ".git").exists():
            raise GitOpsSecretsError(
                f"the settings {path} lie in the Git work tree {folder}, whose commits would decide "
                "what is contacted",
                f"keep them outside every repository, or set {VARIABLE}",
            )
    return content


def settings_file() -> Path:
    """Return where the user's settings are. A relative XDG_CONFIG_HOME does not count, by its own standard."""
    xdg = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(xdg) if os.path.isabs(xdg) else Path.home() / ".config"
    return folder / "gitops-secrets" / "config.yaml"
