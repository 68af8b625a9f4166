"""Where Flux begins in a repository: the root of each cluster."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator

from gitops_secrets.core.flux.kustomizations import kustomizations_in, own_kustomization
from gitops_secrets.core.flux.objects import ARTIFACTS, KUSTOMIZATION_GROUP, SYNC, normalise
from gitops_secrets.core.flux.roots.byhand import find_by_hand
from gitops_secrets.core.flux.roots.instance import FluxInstance, find_instances
from gitops_secrets.core.flux.roots.root import (
    Customised,
    Installer,
    Root,
    bootstrapped_root,
    patches_of,
    placed,
)
from gitops_secrets.core.flux.substitution import is_open
from gitops_secrets.core.repository.layout import CONFIG, PULL_SECRETS, Cluster, as_laid_out
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.pullsecret import CLUSTER_ANNOTATION
from gitops_secrets.core.yamltext.nodes import text

NO_ROOT = (
    "no gotk-sync.yaml, no FluxInstance, no values of the chart flux-instance and no Kustomization "
    "says what Flux reads of it"
)
"""What was looked for where no root is found."""


def find_roots(tree: Overlay) -> tuple[Root, ...]:
    """Return the roots of *tree*, one a cluster, by path."""
    return tree.remember(_find)


def root_at(tree: Overlay, cluster: Cluster) -> Root | None:
    """Return the root of *cluster*, by its path; None if nothing in Git is.

    A FluxInstance below that path counts if it does not say what it syncs.
    """
    for root in find_roots(tree):
        if root.cluster.path == cluster.path:
            return root
    for instance in find_instances(tree):
        if instance.path is None and cluster.contains(instance.file):
            return _operated_root(tree, instance, cluster.path, "")._replace(cluster=cluster)
    return None


def named_cluster(tree: Overlay, cluster: Cluster) -> Cluster:
    """Return *cluster*, of which only the path is known, as the repository has it laid out."""
    root = root_at(tree, cluster)
    if root is not None:
        return root.cluster
    return as_laid_out(cluster, tree.files(), tree.read(CONFIG) or b"")


def clusters_of(tree: Overlay) -> list[Cluster]:
    """Return every cluster of the repository, whatever installs its Flux, by path."""
    return [root.cluster for root in find_roots(tree)]


def folders_without_root(tree: Overlay) -> list[str]:
    """Return the folders with Kustomizations that read folders of *tree*, the one with the most of them first.

    Where there is no root, something outside Git has Flux apply them.
    """
    found: Counter[str] = Counter()
    for file in tree.files():
        if file.endswith((".yaml", ".yml")) and KUSTOMIZATION_GROUP.encode() in (
            tree.read(file) or b""
        ):
            paths = [k.path for k in tree.derive(file, kustomizations_in)]
            leading = [p for p in paths if p != "." and not is_open(p) and tree.below(p)]
            if leading:
                found[posixpath.dirname(file) or "."] += len(leading)
    return [folder for folder, _ in found.most_common()]


def _find(tree: Overlay) -> tuple[Root, ...]:
    found: dict[str, Root] = {}
    for root in (*_operated(tree), *_bootstrapped(tree)):
        found.setdefault(root.cluster.path, root)
    for root in find_by_hand(tree, tuple(found.values())):
        found.setdefault(root.cluster.path, root)
    for root in _wired(tree):
        found.setdefault(root.cluster.path, root)
    files, config = tree.files(), tree.read(CONFIG) or b""
    laid_out = [
        root._replace(cluster=as_laid_out(root.cluster._replace(home=root.base), files, config))
        for root in found.values()
    ]
    return tuple(sorted(laid_out, key=lambda root: root.cluster))


def _wired(tree: Overlay) -> Iterator[Root]:
    """Yield the clusters that have pull Secrets of ours, though nothing else in Git says what Flux reads."""
    for file in tree.files():
        folder, name = posixpath.split(file)
        if name != f"{PULL_SECRETS}.yaml":
            continue
        for found in tree.derive(file, kustomizations_in):
            cluster = Cluster(found.annotations.get(CLUSTER_ANNOTATION, ""))
            if cluster.path == (folder or "."):
                own = own_kustomization(cluster, file)._replace(
                    name=found.source[1] or "", namespace=found.namespace, source=found.source
                )
                yield Root(cluster, own, Installer.EXTERNAL, None)


def _operated(tree: Overlay) -> Iterator[Root]:
    for instance in find_instances(tree):
        for said in [instance.path] if instance.path is not None else _fitting(tree, instance):
            path, base = placed(tree, said, instance.source.kind, instance.file)
            yield _operated_root(tree, instance, path, base)


def _fitting(tree: Overlay, instance: FluxInstance) -> Iterator[str]:
    """Yield the folders with Kustomizations that spec.sync.path may be: a variable in it stands for one folder.

    One instance serves several clusters so. A path of variables alone says nothing.
    """
    written = normalise(text(instance.spec, "sync", "path") or "")
    if not re.sub(r"\$\{[^}]*\}", "", written).strip("/."):
        return
    pattern = re.compile(
        "".join(
            "[^/]+" if part.startswith("${") else re.escape(part)
            for part in re.split(r"(\$\{[^}]*\})", written)
        )
    )
    folders = {
        posixpath.dirname(file)
        for file in tree.files()
        if file.endswith((".yaml", ".yml"))
        and KUSTOMIZATION_GROUP.encode() in (tree.read(file) or b"")
    }
    found = {match[0] for folder in folders if (match := pattern.match(f"{folder}/")) is not None}
    yield from sorted(path for path in found if pattern.fullmatch(path))


def _operated_root(tree: Overlay, instance: FluxInstance, path: str, base: str) -> Root:
    own = instance.kustomization._replace(path=path)
    place = Customised(instance.file, instance.line, (*instance.keys, "kustomize"))
    root = Root(Cluster(path), own, Installer.OPERATOR, place, instance=instance, base=base)
    return root._replace(kustomization=own.patched(patches_of(tree, root)))


def _bootstrapped(tree: Overlay) -> Iterator[Root]:
    elsewhere = []
    for file in tree.files():
        folder, name = posixpath.split(file)
        if name != SYNC or not folder:
            continue
        home = posixpath.dirname(folder) or "."
        written = next(iter(tree.derive(file, kustomizations_in)), None)
        if written is None or written.path == home:
            yield bootstrapped_root(tree, Cluster(home), folder)
            continue
        path, base = placed(tree, written.path, written.source[0] or "", file)
        if path == "." and written.source[0] in ARTIFACTS and not base:
            # The artifact is of the folder that flux bootstrap wrote to, if nothing says another.
            path, base = home, home.strip(".")
        if path in (home, ".") or tree.below(path):
            found = bootstrapped_root(tree, Cluster(path), folder)
            kustomization = found.kustomization._replace(path=path)
            elsewhere.append(found._replace(kustomization=kustomization, base=base))
    # One that stands where it reads comes first: another may be a copy of it.
    yield from elsewhere
