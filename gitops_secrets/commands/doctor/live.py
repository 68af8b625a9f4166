"""What doctor asks a cluster: nothing is written, and no value leaves memory."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gitops_secrets.adapters import age
from gitops_secrets.adapters.cluster.answers import ForbiddenError
from gitops_secrets.adapters.cluster.api import Cluster
from gitops_secrets.core.doctor.live.cluster import decryption_secrets
from gitops_secrets.core.doctor.live.observed import Live, Name, Object, failing_pulls, names, prune
from gitops_secrets.core.flux.pulls.secrets import Place, pull_secrets
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.dockerconfig import read_dockerconfigjson
from gitops_secrets.core.sops.secrets import DOCKERCONFIGJSON
from gitops_secrets.errors import GitOpsSecretsError

Opened = Mapping[Place, Mapping[str, Credentials]]


class Observer:
    """Asks *cluster*, and remembers what it does not let the user read."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.refused: dict[str, GitOpsSecretsError] = {}
        """By its words, what may not be read."""

    def observe(self, view: View, opened: Opened) -> Live:
        """Return what the cluster has of what *view* wants, and of what its pods want.

        *opened* are Git's pull Secrets as far as they could be opened. Raises GitOpsSecretsError if
        the cluster does not answer.
        """
        kustomizations = self._list("Kustomization")
        accounts, deployments = self._list("ServiceAccount"), self._list("Deployment")
        pods = self._list("Pod")
        of_pods = {
            (pod["metadata"]["namespace"], name)
            for pod, _ in failing_pulls(pods or [])
            for name in names(pod["spec"].get("imagePullSecrets"))
        }
        identities = decryption_secrets(view)
        pulling = {(s.namespace, s.name): s.place for s in pull_secrets(view)}
        secrets = dict(self._secrets(identities | set(pulling) | of_pods))
        live = {name: _credentials(secrets.get(name)) for name in {*pulling, *of_pods}}
        return Live(
            context=self._cluster.context,
            kustomizations=kustomizations,
            accounts=accounts,
            pods=pods,
            deployments=deployments,
            secrets=secrets,
            recipients={name: dict(_recipients(secrets.get(name))) for name in identities},
            registries={name: tuple(credentials) for name, credentials in live.items()},
            drifted=[
                name
                for name, place in pulling.items()
                if secrets.get(name) is not None and place in opened and opened[place] != live[name]
            ],
        )

    def _list(self, kind: str) -> list[Object] | None:
        found: list[list[Object]] = []
        with self._allowing():
            found.append([prune(item) for item in self._cluster.list_all(kind)])
        return found[0] if found else None

    def _secrets(self, wanted: set[Name]) -> Iterator[tuple[Name, Object | None]]:
        for namespace, name in sorted(wanted):
            with self._allowing():
                yield (namespace, name), self._cluster.find("Secret", name, namespace)

    @contextmanager
    def _allowing(self) -> Iterator[None]:
        """Remember what may not be asked in this context, and go on behind it."""
        try:
            yield
        except ForbiddenError as error:
            self.refused.setdefault(error.message, error)


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


def _credentials(secret: dict[str, Any] | None) -> Mapping[str, Credentials]:
    try:
        return read_dockerconfigjson(_data(secret).get(DOCKERCONFIGJSON, b""), "a pull Secret")
    except GitOpsSecretsError:
        return {}
