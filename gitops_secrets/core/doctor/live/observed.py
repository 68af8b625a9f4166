"""A cluster's objects, as far as they matter to doctor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Object = dict[str, Any]
Name = tuple[str, str]
"""Namespace and name."""
_PULL_FAILURES = ("ImagePullBackOff", "ErrImagePull")
"""What the kubelet waits with for a registry; InvalidImageName and its like no credential fixes."""


class Live(NamedTuple):
    """What was asked for and may be read; what may not be read is None, or is not in the mapping."""

    context: str
    kustomizations: Sequence[Object] | None
    accounts: Sequence[Object] | None
    pods: Sequence[Object] | None
    deployments: Sequence[Object] | None
    secrets: Mapping[Name, Object | None]
    """The decryption and pull Secrets that Git or a failing pod names; None for one that is not there."""
    recipients: Mapping[Name, Mapping[str, str | None]]
    """Of each decryption Secret: by key the recipient of its identity, None if it does not parse."""
    registries: Mapping[Name, tuple[str, ...]]
    """Of each pull Secret: the registries in it."""
    drifted: Sequence[Name]
    """The pull Secrets whose live value is another than Git's."""

    def __repr__(self) -> str:
        return f"Live({self.context!r}, ...)"

    def is_missing(self, name: Name) -> bool:
        """Return whether the Secret is known not to be there."""
        return name in self.secrets and self.secrets[name] is None


def prune(item: Object) -> Object:
    """Return what is read of a Pod or another object, which in a large cluster is little of it."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    kept = ("serviceAccountName", "imagePullSecrets", "template", "sourceRef")
    statuses = ("initContainerStatuses", "containerStatuses", "conditions")
    metadata = item.get("metadata") or {}
    return {
        "metadata": {k: metadata[k] for k in ("namespace", "name", "labels") if k in metadata},
        "spec": {k: spec[k] for k in kept if k in spec},
        "status": {k: status[k] for k in statuses if k in status},
        "imagePullSecrets": item.get("imagePullSecrets") or [],
    }


def names(entries: Sequence[Object] | None) -> list[str]:
    """Return the names in a list of imagePullSecrets."""
    return [str(e["name"]) for e in entries or [] if e.get("name")]


def failing_pulls(pods: Sequence[Object]) -> Iterator[tuple[Object, str]]:
    """Yield each pod that cannot pull, with the image."""
    for pod in pods:
        for kind in ("initContainerStatuses", "containerStatuses"):
            for container in pod["status"].get(kind) or []:
                waiting = (container.get("state") or {}).get("waiting") or {}
                if waiting.get("reason") in _PULL_FAILURES:
                    yield pod, str(container.get("image", ""))
