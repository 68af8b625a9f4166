"""What the Flux of a cluster decrypts with already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay


class Decrypting(NamedTuple):
    """A Secret in the cluster that holds the identity of a recipient, as files that Flux decrypts show."""

    secret: str
    recipient: str


def decrypting_already(
    tree: Overlay, roots: Sequence[Root], cluster: Cluster
) -> Iterator[Decrypting]:
    """Yield what is certain of *cluster*: that of files with one recipient, who can be nobody else.

    Only Kustomizations of Flux's own namespace count, for there ours will be.
    """
    view = View(tree, only=[cluster], roots=roots)
    namespace = view.root(cluster).namespace
    for applied in view.applied:
        found = applied.kustomization
        if found.decryption_provider != "sops" or applied.namespace != namespace:
            continue
        for path in applied.reach.files if found.decryption_secret else ():
            for document in view.encrypted.get(path, ()):
                metadata = document.metadata
                if metadata is not None and len(metadata.keys) == 1 and metadata.recipients:
                    yield Decrypting(found.decryption_secret or "", metadata.recipients[0])
