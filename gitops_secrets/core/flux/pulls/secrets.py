"""The pull Secrets that Git has for a cluster, and the registries in them as far as they could be opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gitops_secrets.core.flux.follow import target_namespaces
from gitops_secrets.core.flux.objects import DEFAULT_NAMESPACE
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.sops.secrets import PULL_SECRET_TYPE


class PullSecret(NamedTuple):
    """An encrypted pull Secret that a Kustomization applies."""

    cluster: Cluster
    namespace: str
    name: str
    path: str
    applied_in: str
    applied_by: str
    """The namespace and name of the Kustomization that applies it."""

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands."""
        return self.path, self.name

    @property
    def is_whole(self) -> bool:
        """Whether it is the one that ``bootstrap`` made for Flux, of which other namespaces may have copies."""
        return self.path == self.cluster.secret_file(self.name)

    @property
    def is_copy(self) -> bool:
        """Whether it is the copy of such a one that ``attach`` made for its namespace."""
        return self.path == self.cluster.of_namespace(self.namespace).secret_file(self.name)


Place = tuple[str, str]
"""The file of a pull Secret, and its name in it."""
Keys = Mapping[Place, tuple[str, ...]]
"""The registry keys of each pull Secret; without those that nothing at hand opens."""


def pull_secrets(view: View) -> list[PullSecret]:
    """Return the pull Secrets that Git has, by cluster, and in the order of the Kustomizations."""
    return list(view.remember(_find))


def _find(view: View) -> tuple[PullSecret, ...]:
    found: dict[tuple[Cluster, str, str], PullSecret] = {}
    for applied in view.applied:
        fetched = view.fetched(applied.cluster)
        for path in applied.reach.files:
            for document in view.encrypted.get(path, ()):
                if document.object_type == PULL_SECRET_TYPE and document.name:
                    written = document.namespace
                    for target in target_namespaces(applied, fetched, path, written):
                        namespace = target or DEFAULT_NAMESPACE
                        secret = PullSecret(
                            applied.cluster,
                            namespace,
                            document.name,
                            path,
                            applied.namespace,
                            applied.kustomization.name,
                        )
                        found.setdefault((applied.cluster, namespace, document.name), secret)
    return tuple(found.values())
