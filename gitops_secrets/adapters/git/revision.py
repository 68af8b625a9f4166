"""A commit's files, read as a work tree's would be: what Flux sees, or has seen."""

from __future__ import annotations

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.core.repository.overlay import Overlay

_MANIFESTS = (".yaml", ".yml", ".json")


def tree_of(repository: Repository, revision: str) -> Overlay:
    """Return the files of *revision*; manifests are read all at once, by the first that is asked for.

    Raises GitOpsSecretsError where there is no such revision.
    """
    git = Git(str(repository.top))
    ids = git.tree(revision)
    read: dict[str, bytes | None] = {}

    def content(path: str) -> bytes | None:
        if path not in ids:
            return None
        if ids[path] not in read:
            together = [i for p, i in ids.items() if p.endswith(_MANIFESTS)]
            wanted = [ids[path]] if read else list({*together, ids[path]})
            read.update(git.contents(wanted))
        return read[ids[path]]

    return Overlay(sorted(ids), content)


def upstream_commit(repository: Repository) -> str | None:
    """Return the commit of the upstream branch, as far as it is known here; None without one."""
    return repository.commit("@{upstream}") or None
