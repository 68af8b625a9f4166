"""Which clusters a command line means."""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.nested import refuse_nested
from gitops_secrets.core.flux.roots.find import NO_ROOT, clusters_of, root_at
from gitops_secrets.core.repository.commands import bootstrap_command
from gitops_secrets.core.repository.layout import Cluster, parse_cluster_path
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.errors import UsageError

_SHOWN = 5
"""So many clusters are named in a sentence."""


class Choice(NamedTuple):
    """What a command line says of clusters."""

    paths: Sequence[str]
    all_clusters: bool
    new_cluster: bool | None = None
    """Whether a path at which Flux reads nothing yet is meant; None if the command makes no cluster."""


def chosen_clusters(choice: Choice, tree: Overlay, top: Path) -> list[Cluster]:
    """Return the clusters that *choice* names, or the only one.

    A path counts from the repository's top, or from the current folder if a cluster is there and none at
    the other place. One that is absolute or begins with ``..`` counts as in a shell. Raises UsageError if several could be meant, and for a path at which Flux reads
    nothing while it reads others, unless the choice says that the cluster is new.
    """
    if choice.paths and choice.all_clusters:
        raise UsageError("--path and --all exclude each other")
    known = clusters_of(tree)
    if choice.paths and not known and choice.new_cluster is None:
        raise UsageError(
            f"no cluster is in this repository yet: {NO_ROOT}",
            bootstrap_command(choice.paths[0]),
        )
    if choice.paths:
        named = (_named(choice, path, tree, top, known) for path in choice.paths)
        return list(dict.fromkeys(named))
    if not known:
        raise UsageError(f"no cluster is in this repository yet: {NO_ROOT}", "--path clusters/prod")
    if len(known) > 1 and not choice.all_clusters:
        # Whatever is done with a pull Secret is done where one is.
        has_one = [c for c in known if c.inline or tree.read(c.kustomization_file) is not None]
        near = list(dict.fromkeys([*(has_one if choice.new_cluster is None else ()), *known]))
        shown = ", ".join(c.path for c in near[:_SHOWN])
        more = f" and {len(near) - _SHOWN} more" if near[_SHOWN:] else ""
        raise UsageError(
            f"{len(known)} clusters are in this repository: {shown}{more}; --all means each of them",
            f"--path {shlex.quote(near[0].path)}",
            "--all",
        )
    return known


def cluster_at(path: str, tree: Overlay, top: Path) -> Cluster:
    """Return the cluster that *path* means: from the repository's top, or from the current folder if only there
    is one. Raises UsageError for a path that leaves the repository, or is in another one inside it.
    """
    cluster = from_top(path, top)
    refuse_nested(top, cluster.path, "--repo {repo} --path {path}")
    here = None if root_at(tree, cluster) is not None else _below_current(path, top)
    return here if here is not None and root_at(tree, here) is not None else cluster


def _named(
    choice: Choice, path: str, tree: Overlay, top: Path, known: Sequence[Cluster]
) -> Cluster:
    cluster = cluster_at(path, tree, top)
    if not known or root_at(tree, cluster) is not None or choice.new_cluster:
        return cluster
    from difflib import get_close_matches

    paths = [found.path for found in known]
    near = get_close_matches(cluster.path, paths, n=3, cutoff=0.5) or paths[:3]
    more = () if choice.new_cluster is None else ("--new-cluster",)
    raise UsageError(
        f"Flux reads nothing at {cluster.path}. It reads {', '.join(paths[:_SHOWN])}"
        f"{f' and {len(paths) - _SHOWN} more' if paths[_SHOWN:] else ''}"
        f"{'; --new-cluster makes it one more cluster' if more else ''}",
        *(f"--path {shlex.quote(found)}" for found in near),
        *more,
    )


def from_top(path: str, top: Path) -> Cluster:
    """Return the cluster at *path*, which counts as in a shell if it is absolute or begins with ``..``.

    Raises UsageError for a path that leaves the repository.
    """
    if path.startswith(("/", "../")) or path == "..":
        joined = os.path.normpath(Path.cwd() / path)
        relative = os.path.relpath(joined, top.resolve())
        path = path if relative.startswith("..") else relative
    return parse_cluster_path(path)


def _below_current(path: str, top: Path) -> Cluster | None:
    """Return the cluster at *path* counted from the current folder, None outside the repository."""
    try:
        folder = Path.cwd().resolve().relative_to(top.resolve())
    except (ValueError, OSError):
        return None
    joined = posixpath.normpath(posixpath.join(folder.as_posix(), path.replace(os.sep, "/")))
    return None if joined.startswith("..") else Cluster(joined)
