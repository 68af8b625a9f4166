"""The source that a root Kustomization reads."""

from __future__ import annotations

from gitops_secrets.core.flux.objects import DEFAULT_NAMESPACE, Source, select_documents
from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import items, text
from gitops_secrets.errors import GitOpsSecretsError

_SOURCE = rb"apiVersion[\"']?\s*:\s*[\"']?source\.toolkit\.fluxcd\.io/"


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
        try:
            for _, node in select_documents(content, path, _SOURCE):
                if (text(node, "kind"), text(node, "metadata", "name")) == wanted[:2]:
                    sparse = items(node, "spec", "sparseCheckout")
                    return Source(
                        wanted.kind,
                        wanted.name,
                        text(node, "spec", "ignore"),
                        tuple(str(n.value) for n in sparse),
                    )
        except GitOpsSecretsError:
            continue
    return wanted
