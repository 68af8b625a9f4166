"""What a shell is offered for the values of options: the clusters of the repository, the contexts of kubectl."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gitops_secrets.errors import GitOpsSecretsError


def cluster_paths(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the paths of the repository's clusters that begin as *incomplete* does; nothing outside of one."""
    del parameter
    from gitops_secrets.adapters.git.opening import open_repository
    from gitops_secrets.commands.repository.worktree import listed_tree
    from gitops_secrets.core.flux.roots.find import clusters_of

    try:
        repository = open_repository(context.params.get("repository") or Path())
        found = [cluster.path for cluster in clusters_of(listed_tree(repository))]
    except GitOpsSecretsError:
        return []
    return [path for path in found if path.startswith(incomplete)]


def contexts(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the kubeconfig's contexts that begin as *incomplete* does. Nothing is contacted."""
    del parameter
    import yaml

    named = context.params.get("kubeconfig") or os.environ.get("KUBECONFIG") or "~/.kube/config"
    found: list[str] = []
    for name in str(named).split(os.pathsep):
        try:
            document = yaml.safe_load(Path(name).expanduser().read_bytes())
            found += [str(entry["name"]) for entry in document["contexts"]]
        except (OSError, yaml.YAMLError, TypeError, KeyError):
            continue
    return [name for name in dict.fromkeys(found) if name.startswith(incomplete)]
