"""Checks that encrypted files are where Flux can decrypt them, and that nothing is where Flux would fail on it."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.artifact import is_left_out
from gitops_secrets.core.flux.follow import Applied
from gitops_secrets.core.flux.reach import TWICE, reach
from gitops_secrets.core.flux.view import Pushed, View
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.structure import SopsDocument, read_documents
from gitops_secrets.errors import GitOpsSecretsError

RANKS = {
    "kustomization": 10,
    "flux-folder": 20,
    "foreign-file": 30,
    "deadlock": 40,
    "moved": 110,
    "orphans": 230,
}


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield encrypted files in flux-system/, broken kustomizations and what a generated one chokes on."""
    view = given.view
    yield from _in_flux_folder(view)
    yield from _deadlock(view)
    yield from _moved(view)
    for applied in view.applied:
        for path in applied.reach.unreadable:
            yield Diagnosis(
                "kustomization",
                ERROR,
                f"{path} is not valid YAML, and {applied.object} applies nothing",
                (path,),
                f"kubectl kustomize {path.rpartition('/')[0] or '.'}",
            )
        for path, entry, why in applied.reach.missing:
            file = path or applied.kustomization.file
            yield Diagnosis(
                "kustomization",
                ERROR,
                f"{file} lists {entry}, {why}, and {applied.object} applies nothing",
                (path or applied.place,),
                f"take one of the two {entry} out of {file}"
                if why == TWICE
                else f"take {entry} out of {file}, or git add what is missing",
            )
        for path in applied.reach.foreign:
            if path == CONFIG:
                continue
            yield Diagnosis(
                "foreign-file",
                ERROR,
                f"{path} is not a Kubernetes object, and stops all that {applied.object} applies: it has no "
                "kustomization.yaml, so Flux takes every .yaml",
                (path, applied.place),
                _leave_out(view, applied, path),
            )
        way = applied.reach
        # A kustomization.yaml that lists nothing is meant: others may wait for it by dependsOn.
        found = way.files or way.foreign or way.unreadable or way.kustomizations
        if not (found or way.is_partial or way.missing) and not (
            applied.is_own or applied.is_elsewhere
        ):
            yield Diagnosis(
                "orphans",
                WARNING,
                f"{applied.object} applies nothing: {applied.kustomization.path} holds no manifest",
                (applied.place,),
                f"set spec.path in {applied.kustomization.file}",
            )


def _in_flux_folder(view: View) -> Iterator[Diagnosis]:
    for cluster in view.clusters:
        folder = view.root(cluster).folder
        built = reach(view.fetched(cluster), folder).files if folder is not None else ()
        for path in built:
            if path in view.encrypted and path.startswith(f"{folder}/"):
                yield Diagnosis(
                    "flux-folder",
                    ERROR,
                    f"{path} is encrypted and in the folder that flux bootstrap applies as it stands: "
                    "the API server refuses its sops block",
                    (path,),
                    f"take it out of {folder}/kustomization.yaml, and move it: git mv {path} {cluster.folder}/",
                )


def _deadlock(view: View) -> Iterator[Diagnosis]:
    """Yield encrypted files that would arrive together with the decryption that they need."""
    if view.pushed is None:
        return
    for applied in view.applied:
        new = [f for f in applied.reach.files if f in view.encrypted] if applied.is_own else []
        if not new or not applied.kustomization.decryption_provider:
            continue
        # Only now: what Flux has already is read as a whole for it.
        before = view.before
        if before is None or applied.cluster not in before.known:
            continue
        place = view.root(applied.cluster).patches_in
        if not before.own(applied.cluster).decryption_provider:
            yield Diagnosis(
                "deadlock",
                ERROR,
                f"{new[0]} arrives in the same push as the decryption of {applied.object}: a cluster that runs "
                "Flux applies neither, for good",
                (new[0], place.file if place is not None else applied.kustomization.file),
                "push the patch first, wait for the reconcile, then push the file; or move it to a folder whose "
                "Kustomization decrypts already",
            )


def _moved(view: View) -> Iterator[Diagnosis]:
    """Yield files whose ciphertext was written for another object, as Flux has them already."""
    if view.pushed is None:
        return
    for path in view.pushed.changed & view.encrypted.keys():
        for old, new in zip(_documents(view.pushed, path), view.encrypted[path], strict=False):
            keys = {k.wrapped for d in (old,) if d.metadata for k in d.metadata.keys}
            kept = any(k.wrapped in keys for k in new.metadata.keys) if new.metadata else False
            if kept and _identity(old) != _identity(new):
                yield Diagnosis(
                    "moved",
                    ERROR,
                    f"{path} holds the ciphertext of {_said(old)} as {_said(new)}: Flux checks no MAC and "
                    "decrypts it there",
                    (path,),
                    f"see git diff @{{upstream}} -- {path}, and if it is meant: gitops-secrets encrypt --ignore-mac {path}",
                )


def _documents(pushed: Pushed, path: str) -> tuple[SopsDocument, ...]:
    try:
        return read_documents(pushed.tree.read(path) or b"", path)
    except GitOpsSecretsError:
        return ()


def _leave_out(view: View, applied: Applied, path: str) -> str:
    """Return the command that keeps *path* from Flux, and whatever only its defaults keep from it now."""
    fetched = view.fetched(applied.cluster)
    held = applied.kustomization.path
    kept = [p for p in view.tree.files() if fetched.defaults and is_left_out(p)]
    kept = [p for p in kept if held == "." or p.startswith(f"{held}/")]
    return f"printf '%s\\n' {' '.join(quote(f'/{p}') for p in (path, *kept))} >> .sourceignore"


def _identity(document: SopsDocument) -> tuple[str | None, ...]:
    return document.kind, document.namespace, document.name, document.object_type


def _said(document: SopsDocument) -> str:
    return f"{document.kind} {document.namespace or '-'}/{document.name}"
