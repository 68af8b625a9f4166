"""The ServiceAccounts in a manifest, and the pull Secrets that an object names."""

from __future__ import annotations

from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.objects import select_documents
from gitops_secrets.core.yamltext.nodes import items, text
from gitops_secrets.errors import GitOpsSecretsError

_KIND = rb"kind[\"']?\s*:\s*(?:[!&]\S*\s+)*[\"']?ServiceAccount\b"
"""A tag or an anchor may stand ahead of the word."""


class ServiceAccount(NamedTuple):
    """A ServiceAccount as a file has it, before kustomizations and patches."""

    line: int
    """The line that its document begins in."""
    name: str | None
    namespace: str | None
    pull_secrets: tuple[str, ...]


def accounts_in(content: bytes, name: str) -> tuple[ServiceAccount, ...]:
    """Return the ServiceAccounts of a manifest; none if one of their documents is not YAML."""
    try:
        return tuple(
            ServiceAccount(
                line,
                text(node, "metadata", "name"),
                text(node, "metadata", "namespace"),
                pull_secrets_of(node),
            )
            for line, node in select_documents(content, name, _KIND)
            if text(node, "kind") == "ServiceAccount"
        )
    except GitOpsSecretsError:
        return ()


def pull_secrets_of(node: yaml.Node | None) -> tuple[str, ...]:
    """Return the names under ``imagePullSecrets`` of a ServiceAccount, or of the spec of a pod."""
    return tuple(n for entry in items(node, "imagePullSecrets") if (n := text(entry, "name")))
