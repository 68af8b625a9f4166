"""What bootstrap asks git first, all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import Head, Listing, Repository
from gitops_secrets.commands.bootstrap.model import Request
from gitops_secrets.commands.repository.clusters import from_top
from gitops_secrets.core.repository.layout import CONFIG, Cluster

_EVERYWHERE = (".",)


class Questions(NamedTuple):
    """What waits for the answers."""

    listing: Callable[[], Listing]
    status: Callable[[], tuple[Head, Mapping[str, str]]] | None
    """None if the clusters are not named, and have to be found in the files first."""
    paths: tuple[str, ...] = ()
    """The paths that *status* is about."""

    def of(self, clusters: list[Cluster]) -> Callable[[], tuple[Head, Mapping[str, str]]] | None:
        """Return what waits for the state of the files of *clusters*, None if other paths were asked."""
        is_asked = self.paths == _EVERYWHERE or set(paths_of(clusters)) <= set(self.paths)
        return self.status if is_asked else None


def begin_questions(request: Request, repository: Repository) -> Questions:
    """Ask git for the repository's files, and for the state of the named clusters' files."""
    listing = repository.begin_listing()
    if request.accounts or request.sources or request.all_namespaces:
        # The manifest of a ServiceAccount or a source can be anywhere.
        return Questions(listing, repository.begin_status(_EVERYWHERE), _EVERYWHERE)
    if not request.paths:
        return Questions(listing, None)
    clusters = [from_top(path, repository.top) for path in request.paths]
    paths = paths_of(clusters)
    return Questions(listing, repository.begin_status(paths), tuple(paths))


def paths_of(clusters: list[Cluster]) -> list[str]:
    """Return the paths below which a bootstrap of *clusters* writes."""
    return [CONFIG, *(folder for c in clusters for folder in (c.path, c.folder, c.tenants_folder))]
