"""That sources of Flux, and the Flux Operator, log in to a registry with the pull Secret of their namespace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gitops_secrets.core.flux.follow import Applied
from gitops_secrets.core.flux.kustomize.mutate import as_node
from gitops_secrets.core.flux.kustomize.patches import Subject, patched
from gitops_secrets.core.flux.pulls.sources import KINDS, RegistrySource, registry_sources
from gitops_secrets.core.flux.roots.instance import FluxInstance
from gitops_secrets.core.flux.underway import flux_patches
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nested import add_element, add_key, edit_document
from gitops_secrets.core.yamltext.nodes import get, text
from gitops_secrets.core.yamltext.splice import Item, quote
from gitops_secrets.errors import GitOpsSecretsError, UsageError

INSTANCE = "FluxInstance"
_SHORT = {"oci": "OCIRepository", "helm": "HelmRepository", "image": "ImageRepository"}
_LONG = {kind.lower(): kind for kind in (*KINDS, INSTANCE)}


class SourceName(NamedTuple):
    """A source as the user names it."""

    kind: str
    name: str
    namespace: str | None
    """None if it is not said; then there may be only one of the name."""

    def __str__(self) -> str:
        where = f".{self.namespace}" if self.namespace else ""
        return f"{self.kind}/{self.name}{where}"


class Named(NamedTuple):
    """A source that was found, or the FluxInstance of the cluster."""

    object: str
    namespace: str
    file: str
    source: RegistrySource | None
    instance: FluxInstance | None = None
    elsewhere: Applied | None = None
    """The Kustomization that makes it of what is not in this repository."""


def parse_source(value: str) -> SourceName:
    """Return the source of KIND/NAME[.NAMESPACE], as Flux's own command line has it. Raises UsageError."""
    kind, _, name = value.partition("/")
    found = _SHORT.get(kind.lower()) or _LONG.get(kind.lower())
    match = re.fullmatch(r"([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)", name)
    if found is None or match is None:
        raise UsageError(
            f"--source {value!r} does not name a source that logs in to a registry",
            "--source OCIRepository/NAME.NAMESPACE",
            "the kinds: OCIRepository, HelmRepository, ImageRepository and FluxInstance",
        )
    bare, dot, namespace = name.rpartition(".")
    return SourceName(found, bare, namespace) if dot else SourceName(found, name, None)


def find_named(view: View, cluster: Cluster, wanted: Sequence[SourceName]) -> list[Named]:
    """Return the sources *wanted* as Git makes them for *cluster*.

    Raises UsageError for one that Git does not make, or makes several of, and GitOpsSecretsError for one that
    takes no pull Secret.
    """
    known = list(registry_sources(view, cluster)) if wanted else []
    return [_find(view, cluster, name, known) for name in wanted]


def wire_source(tree: Overlay, view: View, cluster: Cluster, secret: str, named: Named) -> None:
    """Plan that *named* logs in with *secret*; one that does so already stays as it is.

    The manifest is edited, or if others use it as well the Kustomization that applies it here is patched. Raises
    GitOpsSecretsError if neither can be done.
    """
    if named.source is not None:
        _wire(tree, view, cluster, secret, named.source)
    elif named.instance is not None:
        _wire_instance(tree, secret, named.instance)
    elif named.elsewhere is not None:
        _wire_elsewhere(tree, view, cluster, secret, named)


def _find(
    view: View, cluster: Cluster, wanted: SourceName, known: Sequence[RegistrySource]
) -> Named:
    if wanted.kind == INSTANCE:
        return _find_instance(view, cluster, wanted)
    found = [
        s
        for s in known
        if (s.kind, s.name) == (wanted.kind, wanted.name)
        and wanted.namespace in (None, s.namespace)
    ]
    if len({s.namespace for s in found}) > 1:
        raise UsageError(
            f"{cluster.path} has a {wanted.kind} {wanted.name} in {len(found)} namespaces",
            *(f"--source {s.argument}" for s in found),
        )
    elsewhere = [] if found else list(_elsewhere(view, cluster, wanted.namespace))
    if len(elsewhere) == 1 and wanted.namespace is not None:
        return Named(
            f"{wanted.kind} {wanted.namespace}/{wanted.name}",
            wanted.namespace,
            elsewhere[0].kustomization.file,
            None,
            elsewhere=elsewhere[0],
        )
    if not found:
        others = [s.argument for s in known if s.kind == wanted.kind] or [s.argument for s in known]
        raise UsageError(
            f"nothing in Git makes {wanted} for {cluster.path}",
            f"it has: {', '.join(others)}"
            if others
            else "give it secretRef: {name: SECRET} where it is made",
        )
    source = found[0]
    if source.misfit is not None:
        raise GitOpsSecretsError(
            f"{source.file}:{source.line}: {source.object} takes no pull Secret: {source.misfit}",
            "type: oci with an oci:// url, if the registry has the charts as artifacts"
            if source.kind == "HelmRepository"
            else "leave --source away for it; provider: generic makes it take one",
        )
    return Named(source.object, source.namespace, source.file, source)


def _elsewhere(view: View, cluster: Cluster, namespace: str | None) -> Iterator[Applied]:
    """Yield the Kustomizations that may make a source of *namespace* of what is not in this repository."""
    for applied in view.applied_in(cluster):
        target = applied.kustomization.target_namespace
        if applied.is_elsewhere and target in (None, namespace):
            yield applied


def _find_instance(view: View, cluster: Cluster, wanted: SourceName) -> Named:
    root = view.root(cluster)
    instance = root.instance
    if instance is None or not _fields(instance):
        raise UsageError(
            f"{cluster.path} has no FluxInstance in Git that reads or is installed from a registry of its own",
            "--source OCIRepository/NAME.NAMESPACE",
        )
    if instance.overlay is not None:
        fields = ", ".join("spec." + ".".join(keys) for keys in _fields(instance))
        raise GitOpsSecretsError(
            f"{instance.overlay} makes the FluxInstance of what is in {instance.file}, which others may use too",
            f"a patch in {instance.overlay} that sets {fields}",
        )
    return Named(
        f"{INSTANCE} {root.namespace}/{wanted.name}", root.namespace, instance.file, None, instance
    )


def _fields(instance: FluxInstance) -> list[tuple[str, str]]:
    """Return the fields of *instance* that name a pull Secret for something that it reads from a registry."""
    spec = instance.spec
    found = []
    is_oci = text(spec, "sync", "kind") == "OCIRepository"
    if is_oci and text(spec, "sync", "provider") in (None, "", "generic"):
        found.append(("sync", "pullSecret"))
    if instance.distribution:
        found.append(("distribution", "imagePullSecret"))
    return found


def _wire_instance(tree: Overlay, secret: str, instance: FluxInstance) -> None:
    for above, field in _fields(instance):
        held = text(instance.spec, above, field)
        if held == secret:
            continue
        place = f"{instance.file}:{instance.line}"
        if held is not None:
            raise GitOpsSecretsError(
                f"{place}: spec.{above}.{field} is {held} already", f"set it to {secret} by hand"
            )
        keys = (*instance.keys, above)
        _add(tree, instance.file, instance.line, keys, field, secret)


def _wire(tree: Overlay, view: View, cluster: Cluster, secret: str, source: RegistrySource) -> None:
    if source.secret == secret:
        return
    place = f"{source.file}:{source.line}"
    if source.secret is not None:
        raise GitOpsSecretsError(
            f"{place}: {source.object} has the secretRef {source.secret} already",
            f"set its name to {secret} by hand",
        )
    reason = next(_shared(view, source.applied, source.file), None)
    if source.ways > 1:
        reason = f"it is made {source.ways} times of one document"
    if reason is None:
        _add(tree, source.file, source.line, ("spec",), "secretRef", {"name": secret})
        return
    if source.applied.is_own or source.ways > 1:
        raise _left(f"{place}: {source.object}", reason, cluster, secret)
    name = text(source.node, "metadata", "name") or source.name
    _patch(tree, view, cluster, source.applied, (source.kind, name), secret)


def _wire_elsewhere(tree: Overlay, view: View, cluster: Cluster, secret: str, named: Named) -> None:
    assert named.elsewhere is not None
    kind, _, name = named.object.partition(" ")
    subject = Subject(kind, name.partition("/")[2])
    spec = get(named.elsewhere.kustomization.root, "spec")
    bare = as_node({"kind": kind, "metadata": {"name": subject.name}, "spec": {}})
    assert bare is not None
    held = text(patched(bare, subject, flux_patches(spec)), "spec", "secretRef", "name")
    if held != secret:
        _patch(tree, view, cluster, named.elsewhere, (kind, subject.name), secret)


def _left(what: str, reason: str, cluster: Cluster, secret: str) -> GitOpsSecretsError:
    return GitOpsSecretsError(
        f"{what} is left as it is, since {reason}",
        f"a patch for {cluster.path} alone that adds spec.secretRef: {{name: {secret}}}",
    )


def _applying(view: View, cluster: Cluster, file: str) -> Applied | None:
    return next((a for a in view.applied_in(cluster) if file in a.reach.files), None)


def _shared(view: View, applied: Applied | None, file: str) -> Iterator[str]:
    """Yield why *file* is not to be edited for one cluster; nothing if it is that cluster's alone."""
    if applied is None:
        yield f"nothing here applies {file}"
        return
    if view.is_shared(file, applied.cluster):
        yield "another cluster applies the file too"


def _patch(
    tree: Overlay,
    view: View,
    cluster: Cluster,
    applied: Applied,
    called: tuple[str, str],
    secret: str,
) -> None:
    """Plan a patch of the source *called* so, its kind and name, in the Kustomization *applied*."""
    found = applied.kustomization
    reason = next(_shared(view, _applying(view, cluster, found.file), found.file), None)
    if reason is not None:
        raise _left(f"{found.file}:{found.line}: {applied.object}", reason, cluster, secret)
    kind, name = called
    body = ("- op: add", "  path: /spec/secretRef", "  value:", f"    name: {quote(secret)}")
    lines = ("patch: |", *(f"  {line}" for line in body), "target:")
    item = Item(
        (*lines, f"  kind: {kind}", f"  name: {quote(name)}"),
        {"patch": "\n".join(body) + "\n", "target": {"kind": kind, "name": name}},
    )
    _edited(
        tree,
        found.file,
        found.line,
        lambda document: add_element(document, found.file, ("spec",), "patches", item),
    )


def _add(
    tree: Overlay,
    file: str,
    line: int,
    keys: tuple[str | int, ...],
    key: str,
    value: dict[str, str] | str,
) -> None:
    """Plan *key* with *value* at the end of the mapping at *keys* of the document at *line*."""
    _edited(tree, file, line, lambda document: add_key(document, file, keys, key, value))


def _edited(tree: Overlay, file: str, line: int, edit: Callable[[bytes], bytes]) -> None:
    tree.write(file, edit_document(tree.read(file) or b"", line, edit))
