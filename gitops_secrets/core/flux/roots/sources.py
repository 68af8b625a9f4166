"""The source that a root Kustomization reads."""

from __future__ import annotations

from gitops_secrets.core.flux.objects import DEFAULT_NAMESPACE, Source, sources_in
from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import items, text


def source_of(tree: Overlay, root: Root) -> Source:
    """Return what *root* reads, with the ignore rules that its own folder's manifests give the source."""
    if root.instance is not None:
        return root.instance.source
    kind, name = root.kustomization.source
    wanted = Source(kind or "GitRepository", name or DEFAULT_NAMESPACE)
    file = root.kustomization.file
    for path in (file, *tree.beside(file)):
        content = tree.read(path) or b""
        if not path.endswith((".yaml", ".yml")) or wanted.kind.encode() not in content:
            continue
        for node in tree.derive(path, sources_in):
            if (text(node, "kind"), text(node, "metadata", "name")) == wanted[:2]:
                sparse = items(node, "spec", "sparseCheckout")
                return Source(
                    wanted.kind,
                    wanted.name,
                    text(node, "spec", "ignore"),
                    tuple(str(n.value) for n in sparse),
                )
    return wanted
