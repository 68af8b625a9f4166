"""The commands that messages name for registries of pull Secrets."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from gitops_secrets.core.flux.pulls.secrets import PullSecret
from gitops_secrets.core.registry.reference import Registry
from gitops_secrets.core.repository.commands import registry_command


def commands_for(verb: str, holders: Sequence[PullSecret], registry: Registry) -> str:
    """Return what does *verb* with *registry* in all *holders*: one command for each name that they have.

    A pull Secret that bootstrap and attach did not make is edited.
    """
    paths: dict[str, dict[str, None]] = {}
    strange: dict[str, None] = {}
    for secret in holders:
        if secret.is_whole or secret.is_copy:
            paths.setdefault(secret.name, {})[secret.cluster.path] = None
        else:
            strange[secret.path] = None
    changes = (registry_command(verb, [*at], name, registry.options) for name, at in paths.items())
    edits = (f"gitops-secrets edit {shlex.quote(path)}" for path in strange)
    return " && ".join([*changes, *edits])
