"""That kustomize builds what a Kustomization of Flux applies: it refuses two objects of one id, and a patch of none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.follow import Applied, patches_of, shaped
from gitops_secrets.core.flux.kustomize.generators import GENERATED
from gitops_secrets.core.flux.kustomize.patches import Patch, Subject, Target, names
from gitops_secrets.core.flux.making import kustomized, renames, steps_of
from gitops_secrets.core.flux.reach import Fetched
from gitops_secrets.core.flux.underway import (
    Name,
    Step,
    as_written,
    called,
    flux_patches,
    names_along,
)
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.yamltext.nodes import entries, get, items, position, text

RANKS = {"kustomization": 10}

_PATCHES = ("patches", "patchesStrategicMerge")
_CLUSTER_WIDE = frozenset(
    {
        *("Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"),
        *("PersistentVolume", "StorageClass", "IngressClass", "PriorityClass", "APIService"),
    }
)
_CIPHERTEXT = re.compile(r"\A\s*ENC\[")
_VALUE = re.compile(r"/(?:data|stringData)(?:/|$)")


class Placed(NamedTuple):
    """An object of a file, by one of the ways that lead to it."""

    place: str
    api: str
    kind: str
    names: tuple[Name, ...]
    """Before the first kustomization, after each, and after Flux."""
    route: tuple[str, ...]

    def id(self, step: int = -1) -> tuple[str, str, str, str]:
        """Return what kustomize knows it by after *step* kustomizations."""
        namespace, name = self.names[step]
        return self.api, self.kind, _scope(self.kind, namespace), name

    def __str__(self) -> str:
        _, kind, namespace, name = self.id()
        return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield what kustomize refuses to build, as far as Git shows all that it reads."""
    view = given.view
    for applied in view.applied:
        if applied.is_elsewhere:
            continue
        fetched = view.fetched(applied.cluster)
        objects = list(placed(applied, fetched))
        yield from _twice(applied, fetched, objects)
        if not applied.reach.is_partial:
            yield from _without_object(applied, fetched, objects)
        yield from _over_ciphertext(view, applied, fetched)


def placed(applied: Applied, fetched: Fetched) -> Iterator[Placed]:
    """Yield every object of what *applied* applies, as often as ways lead to it; also what a patch deletes."""
    spec = get(applied.kustomization.root, "spec")
    for file in applied.reach.files:
        for route in applied.reach.routes[file]:
            steps = steps_of(fetched, route)
            for found in fetched.identities(file):
                if found.kind.endswith("List") or not found.kind or not found.name:
                    continue
                names = names_along(found.kind, Name(found.namespace, found.name), steps, spec)
                if renames(fetched, route):
                    names = _replaced(applied, fetched, file, route, found.line) or names
                place = f"{file}:{found.line}"
                yield Placed(place, found.api, found.kind, tuple(names), route)


def _replaced(
    applied: Applied, fetched: Fetched, file: str, route: tuple[str, ...], line: int
) -> list[Name]:
    """Return the names of the object at *line* of *file* with replacements; none if there is no such object."""
    spec = get(applied.kustomization.root, "spec")
    node = next((n for n in fetched.documents(file) if position(n).line == line), None)
    found = kustomized(fetched, applied.reach, route, node) if node is not None else None
    if found is None:
        return []
    return list(found.renamed(spec, text(spec, "targetNamespace")).names)


def _scope(kind: str, namespace: str | None) -> str:
    return "" if kind in _CLUSTER_WIDE else namespace or "default"


def _twice(applied: Applied, fetched: Fetched, objects: Sequence[Placed]) -> Iterator[Diagnosis]:
    """Yield objects that stand in two places of one build, in any kustomization on the way."""
    seen: dict[tuple[object, ...], Placed] = {}
    deleting = {
        p for p in applied.reach.kustomizations if any(x.deletes for x in fetched.patches(p))
    }
    for found in objects:
        fix = "take out one of the two"
        for step, path in enumerate(found.route):
            # All that goes through the same kustomizations from here on stands together before them.
            other = seen.setdefault((found.route[step:], found.id(step)), found)
            if other is not found or (path in deleting and is_deleted(fetched, found, step + 1)):
                fix = f"kubectl kustomize {path.rpartition('/')[0] or '.'}"
                break
        else:
            # They meet in the kustomization that Flux makes, which is no file that kubectl could build.
            other = seen.setdefault(((), found.id()), found)
        if other is not found:
            is_same = other.place == found.place
            said = "by another way it" if is_same else other.place
            yield Diagnosis(
                "kustomization",
                ERROR,
                f"{found.place} is the {found} that {said} is already: kustomize builds "
                f"neither, and {applied.object} applies nothing",
                (found.place, other.place, applied.place),
                fix,
            )


def is_deleted(fetched: Fetched, found: Placed, count: int) -> bool:
    """Return whether a patch of the first *count* kustomizations may take the object away."""
    return any(
        patch.deletes and patch.may_apply(called(found.kind, found.names[: step + 1]))
        for step, path in enumerate(found.route[:count])
        for patch in fetched.patches(path)
    )


def _without_object(
    applied: Applied, fetched: Fetched, objects: Sequence[Placed]
) -> Iterator[Diagnosis]:
    """Yield patches without a target whose object nothing brings."""
    known: dict[tuple[str, ...], list[Subject]] = {}
    for found in objects:
        for step in range(len(found.route) + 1):
            subject = called(found.kind, found.names[: step + 1])
            known.setdefault(found.route[step:], []).append(subject)
    for level in {route[step:] for route in known for step in range(len(route))}:
        made = [s for _, root in shaped(fetched, level[:1]) for s in _generated(root)]
        for step in range(len(level) + 1):
            known.setdefault(level[step:], []).extend(made)
    for path, root in shaped(fetched, applied.reach.kustomizations):
        if any(items(root, key) for key in _PATCHES):
            levels = [level for level in known if level[:1] == (path,)]
            for subjects in [known[level] for level in levels] or [list(_generated(root))]:
                yield from _unmatched(applied, path, fetched.patches(path), subjects)
    own = flux_patches(get(applied.kustomization.root, "spec"))
    yield from _unmatched(applied, applied.place, own, known.get((), []))


def _unmatched(
    applied: Applied, place: str, patches: Sequence[Patch], known: Sequence[Subject]
) -> Iterator[Diagnosis]:
    for patch in patches:
        for node in patch.body if patch.target == Target() else ():
            kind, name = text(node, "kind"), text(node, "metadata", "name")
            if not isinstance(node, yaml.MappingNode) or not kind or not name:
                continue
            if kind.endswith("List") or any(names(node, subject) for subject in known):
                continue
            where = text(node, "metadata", "namespace")
            what = f"{kind} {f'{where}/' if where else ''}{name}"
            yield Diagnosis(
                "kustomization",
                ERROR,
                f"{place} patches {what}, which nothing brings that {applied.object} applies: kustomize refuses the whole build",
                (place,),
                f"give the patch a target, or take it out of {place.partition(':')[0]}",
            )


def _generated(root: yaml.Node) -> Iterator[Subject]:
    for key, kind in GENERATED.items():
        for entry in items(root, key):
            written = Name(text(entry, "namespace"), text(entry, "name") or "")
            yield called(kind, names_along(kind, written, [Step(root)], None))


def _over_ciphertext(view: View, applied: Applied, fetched: Fetched) -> Iterator[Diagnosis]:
    """Yield readable values that a patch puts into an encrypted Secret: Flux decrypts after it has patched."""
    for file in applied.reach.files:
        if file not in view.encrypted:
            continue
        patches = [p for p in patches_of(applied, fetched, file) if _readable(p)]
        if not patches:
            continue
        secrets = [n for n in fetched.documents(file) if get(n, "sops") is not None]
        if any(patch.may_apply(as_written(node)) for patch in patches for node in secrets):
            yield Diagnosis(
                "kustomization",
                ERROR,
                f"a patch puts readable values into {file}, which is encrypted: {applied.object} cannot "
                "decrypt it any more",
                (file, applied.place),
                f"take the patch out, and change the value in the file: gitops-secrets edit {file}",
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
