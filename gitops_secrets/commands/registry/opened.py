"""The pull Secrets that an identity at hand opens: in memory, for their registries and for nothing else."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.flux.pullsecrets import Place, pull_secrets
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.dockerconfig import read_dockerconfigjson
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.secrets import DOCKERCONFIGJSON, PULL_SECRET_TYPE
from gitops_secrets.errors import GitOpsSecretsError


def open_pull_secrets(
    view: View, identity_file: Path | None
) -> Mapping[Place, Mapping[str, Credentials]]:
    """Return the credentials of each pull Secret of *view* that can be opened, by registry key.

    Raises GitOpsSecretsError if *identity_file* cannot be read.
    """
    keyring = Keyring(identity_file)
    sealer = Sealer(view.tree, keyring)
    openable = [
        path
        for path in dict.fromkeys(secret.path for secret in pull_secrets(view))
        if keyring.first(
            r for d in view.encrypted[path] if d.metadata for r in d.metadata.recipients
        )
    ]

    def opened(path: str) -> list[tuple[Place, Mapping[str, Credentials]]]:
        try:
            return list(_credentials(sealer.open(path).plain))
        except GitOpsSecretsError:
            return []

    if len(openable) < 2:
        found = [opened(path) for path in openable]
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(opened, openable))
    return dict(entry for entries in found for entry in entries)


def _credentials(plain: Manifest) -> Iterator[tuple[Place, Mapping[str, Credentials]]]:
    for secret in plain.secrets:
        for (field, key), value in secret.values.items():
            if secret.ident.type == PULL_SECRET_TYPE and key == DOCKERCONFIGJSON:
                config = base64.b64decode(value) if field == "data" else value.encode()
                yield (plain.path, secret.ident.name), read_dockerconfigjson(config, plain.path)
