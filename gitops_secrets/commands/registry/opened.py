"""The pull Secrets that an identity at hand opens: in memory, for their registries and for nothing else."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.flux.pulls.secrets import Place, pull_secrets
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.dockerconfig import read_dockerconfigjson
from gitops_secrets.core.run import carried
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.secrets import DOCKERCONFIGJSON, PULL_SECRET_TYPE
from gitops_secrets.errors import GitOpsSecretsError

T = TypeVar("T")


def open_pull_secrets(
    view: View, identity_file: Path | None
) -> Mapping[Place, Mapping[str, Credentials]]:
    """Return the credentials of each pull Secret of *view* that can be opened, by registry key.

    Raises GitOpsSecretsError if *identity_file* cannot be read.
    """
    keyring = Keyring(identity_file)
    sealer = Sealer(view.tree, keyring)
    secrets = pull_secrets(view)
    paths = dict.fromkeys(secret.path for secret in secrets)
    generated = {secret.path for secret in secrets if secret.is_generated}

    def opened(path: str) -> list[tuple[Place, Mapping[str, Credentials]]]:
        try:
            plain = sealer.open(path).plain
            if path in generated:
                config = read_dockerconfigjson(plain.content, path)
                return [(secret.place, config) for secret in secrets if secret.path == path]
            return list(_credentials(plain))
        except GitOpsSecretsError:
            return []

    found = in_parallel(opened, openable(view, keyring, paths))
    return dict(entry for entries in found for entry in entries)


def openable(view: View, keyring: Keyring, paths: Iterable[str]) -> list[str]:
    """Return those encrypted files among *paths* that an identity of *keyring* is a reader of."""
    return [
        path
        for path in paths
        if keyring.first(
            r for d in view.encrypted[path] if d.metadata for r in d.metadata.recipients
        )
    ]


def in_parallel(act: Callable[[str], T], paths: Sequence[str]) -> list[T]:
    """Return what *act* gives for each of *paths*, in their order: mostly it waits for sops."""
    if len(paths) < 2:
        return [act(path) for path in paths]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(carried(act), paths))


def _credentials(plain: Manifest) -> Iterator[tuple[Place, Mapping[str, Credentials]]]:
    for secret in plain.secrets:
        for (field, key), value in secret.values.items():
            if secret.ident.type == PULL_SECRET_TYPE and key == DOCKERCONFIGJSON:
                config = base64.b64decode(value) if field == "data" else value.encode()
                yield (plain.path, secret.ident.name), read_dockerconfigjson(config, plain.path)
