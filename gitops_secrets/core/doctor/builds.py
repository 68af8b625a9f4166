"""That kustomize builds what a Kustomization of Flux applies: it refuses two objects of one id, and a patch of none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import yaml

from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.flux.follow import Applied, patches_of, shaped, subject
from gitops_secrets.core.flux.kustomize.patches import Patch, Target, read_patches
from gitops_secrets.core.flux.reach import Fetched
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.yamltext.nodes import entries, get, items, text
from gitops_secrets.errors import GitOpsSecretsError

_GENERATED = {"secretGenerator": "Secret", "configMapGenerator": "ConfigMap"}
_PATCHES = ("patches", "patchesStrategicMerge")
_CIPHERTEXT = re.compile(r"\A\s*ENC\[")
_VALUE = re.compile(r"/(?:data|stringData)(?:/|$)")


class _Id(NamedTuple):
    api: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def check(view: View) -> Iterator[Diagnosis]:
    """Yield what kustomize refuses to build, as far as Git shows all that it reads."""
    for applied in view.applied:
        if applied.is_elsewhere:
            continue
        fetched = view.fetched(applied.cluster)
        yield from _twice(applied, fetched)
        if not applied.reach.is_partial:
            yield from _without_object(applied, fetched)
        yield from _over_ciphertext(view, applied, fetched)


def _twice(applied: Applied, fetched: Fetched) -> Iterator[Diagnosis]:
    """Yield objects that stand in two places of one build."""
    seen: dict[_Id, str] = {}
    for file in applied.reach.files:
        for route in applied.reach.routes[file]:
            shape = _Shape(applied, fetched, route)
            for found in fetched.identities(file):
                if found.kind.endswith("List") or not found.kind or not found.name:
                    continue
                identity = shape.of(found.api, found.kind, found.namespace, found.name)
                place = f"{file}:{found.line}"
                if seen.setdefault(identity, place) != place:
                    yield Diagnosis(
                        "kustomization",
                        ERROR,
                        f"{place} is the {identity} that {seen[identity]} is already: kustomize builds "
                        f"neither, and {applied.object} applies nothing",
                        (place, seen[identity], applied.place),
                        f"kubectl kustomize {applied.kustomization.path}",
                    )


class _Shape:
    """What the kustomizations of one route make of an object's name and namespace."""

    def __init__(self, applied: Applied, fetched: Fetched, route: tuple[str, ...]) -> None:
        self._roots = [root for _, root in shaped(fetched, route)]
        self._target = applied.kustomization.target_namespace
        spec = get(applied.kustomization.root, "spec")
        self._affixes = (text(spec, "namePrefix") or "", text(spec, "nameSuffix") or "")

    def of(self, api: str, kind: str, namespace: str | None, name: str) -> _Id:
        for root in self._roots:
            namespace = text(root, "namespace") or namespace
            name = f"{text(root, 'namePrefix') or ''}{name}{text(root, 'nameSuffix') or ''}"
        namespace = self._target or namespace
        if kind == "Namespace" and namespace:
            name = namespace
        return _Id(api, kind, namespace or "default", f"{self._affixes[0]}{name}{self._affixes[1]}")


def _without_object(applied: Applied, fetched: Fetched) -> Iterator[Diagnosis]:
    """Yield patches without a target whose object nothing brings."""
    by_kustomization: dict[str, set[tuple[str, str]]] = {}
    every: set[tuple[str, str]] = set()
    for file in applied.reach.files:
        named = {(found.kind, found.name) for found in fetched.identities(file)}
        every |= named
        for route in applied.reach.routes[file]:
            for path in route:
                by_kustomization.setdefault(path, set()).update(named)
    for path, root in shaped(fetched, applied.reach.kustomizations):
        made = set(_generated(root))
        every |= made
        for route in (r for routes in applied.reach.routes.values() for r in routes if path in r):
            for above in route:
                by_kustomization.setdefault(above, set()).update(made)
        by_kustomization.setdefault(path, set()).update(made)
    for path, root in shaped(fetched, applied.reach.kustomizations):
        if text(root, "kind") == "Component" or not any(items(root, key) for key in _PATCHES):
            continue  # what a component patches is listed by whoever uses it
        known = by_kustomization.get(path, set())
        yield from _unmatched(applied, path, fetched.patches(path), known)
    spec = get(applied.kustomization.root, "spec")
    try:
        own = read_patches(spec, lambda _name: b"")
    except GitOpsSecretsError:
        own = []
    yield from _unmatched(applied, applied.place, own, every)


def _unmatched(
    applied: Applied, place: str, patches: list[Patch], known: set[tuple[str, str]]
) -> Iterator[Diagnosis]:
    names = _affixed(known)
    for patch in patches:
        for node in patch.body if patch.target == Target() else ():
            kind, name = text(node, "kind"), text(node, "metadata", "name")
            if not isinstance(node, yaml.MappingNode) or not kind or not name:
                continue
            if kind.endswith("List") or name in names.get(kind, ()):
                continue
            yield Diagnosis(
                "kustomization",
                ERROR,
                f"{place} patches {kind} {name}, which nothing brings that {applied.object} applies: kustomize "
                "refuses the whole build",
                (place,),
                f"give the patch a target, or take it out of {place.partition(':')[0]}",
            )


def _affixed(known: set[tuple[str, str]]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for kind, name in known:
        found.setdefault(kind, set()).add(name)
    return found


def _generated(root: yaml.Node) -> Iterator[tuple[str, str]]:
    for key, kind in _GENERATED.items():
        yield from ((kind, text(entry, "name") or "") for entry in items(root, key))


def _over_ciphertext(view: View, applied: Applied, fetched: Fetched) -> Iterator[Diagnosis]:
    """Yield readable values that a patch puts into an encrypted Secret: Flux decrypts after it has patched."""
    for file in applied.reach.files:
        if file not in view.encrypted:
            continue
        patches = [p for p in patches_of(applied, fetched, file) if _readable(p)]
        if not patches:
            continue
        secrets = [n for n in fetched.documents(file) if get(n, "sops") is not None]
        if any(patch.may_apply(subject(node)) for patch in patches for node in secrets):
            yield Diagnosis(
                "kustomization",
                ERROR,
                f"a patch puts readable values into {file}, which is encrypted: {applied.object} cannot "
                "decrypt it any more",
                (file, applied.place),
                f"gitops-secrets edit {file}: change the value there, and take the patch out",
            )


def _readable(patch: Patch) -> bool:
    """Return whether *patch* sets a value of a Secret that is not ciphertext."""
    for node in patch.body:
        if get(node, "sops") is not None:
            continue
        values = [v for field in ("data", "stringData") for _, v in entries(node, field)]
        values += [o for o in items(node) if _VALUE.match(text(o, "path") or "")]
        if any(not _CIPHERTEXT.match(text(v) or text(v, "value") or "") for v in values):
            return True
    return False
