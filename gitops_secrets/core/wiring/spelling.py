"""A namespace that may be a slip of the pen: nothing that Flux applies so much as names it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gitops_secrets.core.flux.follow import Applied, target_namespace
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.yamltext.nodes import text

_OF_EVERY_CLUSTER = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})


def strange_namespace(
    view: View,
    own: Sequence[Applied],
    namespace: str,
    follows: str = "its Kustomization fails",
) -> str | None:
    """Return what to say of *namespace* if nothing of *own*, all that the cluster applies, names it; else None.

    *follows* says what happens as long as the namespace is missing.
    """
    if namespace in _OF_EVERY_CLUSTER or any(a.is_elsewhere or a.is_remote for a in own):
        return None
    word = re.compile(rb"(?<![\w-])%s(?![\w-])" % re.escape(namespace.encode()))
    files = {f for a in own for f in (*a.reach.files, *a.reach.kustomizations, *a.reach.inputs)}
    if any(a.kustomization.target_namespace == namespace for a in own):
        return None
    if any(word.search(view.tree.read(file) or b"") for file in files):
        return None
    from difflib import get_close_matches

    near = get_close_matches(namespace, sorted(set(_named(view, own))), n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"nothing in Git names the namespace {namespace}: {follows} until the namespace is there.{meant}"


def _named(view: View, own: Sequence[Applied]) -> Iterator[str]:
    """Yield the namespaces that *own* makes, or puts objects into."""
    for applied in own:
        fetched = view.fetched(applied.cluster)
        for file in applied.reach.files:
            for node in view.documents(file):
                if text(node, "kind") == "Namespace":
                    yield text(node, "metadata", "name") or ""
                written = text(node, "metadata", "namespace")
                yield target_namespace(applied, fetched, file, written) or ""
