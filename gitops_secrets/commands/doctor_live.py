"""What doctor asks a cluster: nothing is written, and no value leaves memory."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gitops_secrets.adapters import age, sops
from gitops_secrets.adapters.cluster import Cluster
from gitops_secrets.commands.secret_file import identity_for
from gitops_secrets.core.doctor.live import (
    Live,
    decryption_secrets,
    failing_pulls,
    pull_secrets,
)
from gitops_secrets.core.doctor.view import View
from gitops_secrets.core.registry import read_dockerconfigjson
from gitops_secrets.core.secret import DOCKERCONFIGJSON, read_pull_secret
from gitops_secrets.errors import GitOpsSecretsError


def observe(cluster: Cluster, view: View, identity_file: Path | None) -> Live:
    """Return what *cluster* has of what *view* wants. Raises GitOpsSecretsError where it may not be read."""
    pods = cluster.list_all("Pod")
    of_pods = {
        (pod["metadata"]["namespace"], str(entry.get("name")))
        for pod, _ in failing_pulls(pods)
        for entry in pod["spec"].get("imagePullSecrets") or []
    }
    identities, pulling = decryption_secrets(view), pull_secrets(view)
    secrets = {
        name: cluster.find("Secret", name[1], name[0])
        for name in identities | set(pulling) | of_pods
    }
    return Live(
        context=cluster.context,
        kustomizations=cluster.list_all("Kustomization"),
        accounts=cluster.list_all("ServiceAccount"),
        pods=pods,
        deployments=cluster.list_all("Deployment"),
        secrets=secrets,
        recipients={name: dict(_recipients(secrets[name])) for name in identities},
        registries={name: _registries(secrets[name]) for name in {*pulling, *of_pods}},
        drifted=[
            name
            for name, path in pulling.items()
            if _has_drifted(view, path, secrets[name], identity_file)
        ],
    )


def _data(secret: dict[str, Any] | None) -> dict[str, bytes]:
    data = (secret or {}).get("data") or {}
    return {key: base64.b64decode(value) for key, value in data.items()}


def _recipients(secret: dict[str, Any] | None) -> Iterator[tuple[str, str | None]]:
    for key, content in _data(secret).items():
        if key.endswith(".agekey"):
            try:
                for identity in age.parse_identities(content, key):
                    yield key, identity.recipient
            except GitOpsSecretsError:
                yield key, None


def _registries(secret: dict[str, Any] | None) -> tuple[str, ...]:
    try:
        return tuple(
            read_dockerconfigjson(_data(secret).get(DOCKERCONFIGJSON, b""), "a pull Secret")
        )
    except GitOpsSecretsError:
        return ()


def _has_drifted(
    view: View, path: str, secret: dict[str, Any] | None, identity_file: Path | None
) -> bool:
    """Return whether the live Secret has another value than Git's; False where no identity is at hand."""
    readers = [r for d in view.encrypted[path] if d.metadata for r in d.metadata.recipients]
    identity = identity_for(readers, identity_file)
    if secret is None or identity is None:
        return False
    try:
        plain = sops.decrypt(view.tree.read(path) or b"", path, [identity.secret])
        return read_pull_secret(plain, path) != _data(secret).get(DOCKERCONFIGJSON)
    except GitOpsSecretsError:
        return False
