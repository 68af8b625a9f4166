"""The pull Secrets that Git has for a cluster, and the registries in them as far as they could be opened."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.follow import Applied, target_namespaces
from gitops_secrets.core.flux.kustomize.generators import generated
from gitops_secrets.core.flux.making import made
from gitops_secrets.core.flux.objects import DEFAULT_NAMESPACE
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.sops.secrets import DOCKERCONFIGJSON, PULL_SECRET_TYPE
from gitops_secrets.core.yamltext.nodes import get, items, position, text


class PullSecret(NamedTuple):
    """An encrypted pull Secret that a Kustomization applies."""

    cluster: Cluster
    namespace: str
    name: str
    path: str
    applied_in: str
    applied_by: str
    """The namespace and name of the Kustomization that applies it."""
    is_generated: bool = False
    """Whether its file is the docker config of which a secretGenerator makes it; its name may get a hash."""

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
        for secret in _generated(view, applied):
            found.setdefault((applied.cluster, secret.namespace, secret.name), secret)
    return tuple(found.values())


def _generated(view: View, applied: Applied) -> Iterator[PullSecret]:
    """Yield the pull Secrets that generators make of encrypted docker configs: Flux decrypts these before."""
    fetched = view.fetched(applied.cluster)
    spec = get(applied.kustomization.root, "spec")
    for path, routes in applied.reach.generating.items():
        root = fetched.root(path)
        generators = {position(entry).line: entry for entry in items(root, "secretGenerator")}
        for line, node in generated(root):
            file = _docker_config(generators.get(line), posixpath.dirname(path))
            for route in routes if file in view.encrypted else ():
                left = made(fetched, applied.reach, route, spec, node)
                if file is not None and left is not None:
                    yield PullSecret(
                        applied.cluster,
                        left[1].namespace or DEFAULT_NAMESPACE,
                        left[1].name,
                        file,
                        applied.namespace,
                        applied.kustomization.name,
                        is_generated=True,
                    )


def _docker_config(generator: yaml.Node | None, folder: str) -> str | None:
    """Return the file of which *generator* makes a pull Secret, None if it makes none."""
    if text(generator, "type") != PULL_SECRET_TYPE:
        return None
    for entry in items(generator, "files"):
        key, _, name = (text(entry) or "").rpartition("=")
        if (key or posixpath.basename(name)) == DOCKERCONFIGJSON:
            return posixpath.normpath(posixpath.join(folder, name))
    return None
