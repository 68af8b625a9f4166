"""That whatever is encrypted is decrypted by the Kustomization that applies it, with a Secret that counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.doctor.documents import is_for_flux
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.follow import Applied, target_namespaces
from gitops_secrets.core.flux.objects import DEFAULT_NAMESPACE
from gitops_secrets.core.flux.roots.root import Installer
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import PULL_SECRETS
from gitops_secrets.core.sops.keys.recipients import too_old
from gitops_secrets.core.sops.rules.creation import recorded_recipient
from gitops_secrets.core.sops.secrets import ROOTS
from gitops_secrets.core.wiring.kustomization import IDENTITY_SECRET
from gitops_secrets.core.yamltext.nodes import entries, text

RANKS = {"decryption": 60, "decryption-secret": 70, "post-quantum": 80}

Name = tuple[str, str]
"""Namespace and name."""
COUNTED = (".agekey", ".asc")
_OF_CONTROLLER = b"sops-age-secret"
"""The argument of kustomize-controller that names a Secret of age identities."""
_COPIERS = (
    b"reflector.v1.k8s.emberstack.com/",
    b"replicator.v1.mittwald.de/",
    b"kubed.appscode.com/sync",
)
"""What begins the annotations by which a controller copies a Secret to other namespaces."""
COUNTED_WHOLE = ("sops.vault-token", "sops.aws-kms", "sops.azure-kv", "sops.gcp-kms")
"""The keys of a decryption Secret that kustomize-controller reads; any other is passed over in silence."""


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield what is wrong with spec.decryption of each Kustomization."""
    view = given.view
    secrets = _secrets(view)
    for applied in view.applied:
        read = (*applied.reach.files, *applied.reach.inputs)
        encrypted = [f for f in read if any(is_for_flux(d) for d in view.encrypted.get(f, ()))]
        encrypted += [f for f in applied.reach.inputs if view.is_ciphertext(f)]
        encrypted = list(dict.fromkeys(encrypted))
        if not encrypted:
            continue
        found = applied.kustomization
        if applied.is_own and _is_unwritten(view, applied):
            # What is not in Git may well decrypt.
            continue
        if found.decryption_provider != "sops":
            yield _not_decrypted(view, applied, encrypted)
        elif found.decryption_secret is not None:
            yield from _check_secret(view, applied, found.decryption_secret, secrets)
            yield from _check_version(view, applied, encrypted)
        else:
            yield from _check_controller(view, applied, encrypted)


def _is_unwritten(view: View, applied: Applied) -> bool:
    """Return whether the root Kustomization *applied* is somewhere outside Git."""
    is_external = view.root(applied.cluster).installer == Installer.EXTERNAL
    written = view.tree.read(applied.kustomization.file) is not None
    return not written or (is_external and applied.kustomization.root is None)


def _not_decrypted(view: View, applied: Applied, encrypted: list[str]) -> Diagnosis:
    if applied.is_own:
        # It does not apply the patch that has it decrypt while it fails at what is encrypted.
        other = _that_decrypts(view, applied)
        where = (
            f"{other.kustomization.path}/, which {other.object} decrypts"
            if other is not None
            else "a folder that another Kustomization applies, whose spec.decryption names sops"
        )
        fix = f"move {encrypted[0]} to {where}"
    else:
        fix = (
            f"in {applied.kustomization.file}, spec: "
            f"decryption: {{provider: sops, secretRef: {{name: {IDENTITY_SECRET}}}}}"
        )
    # Flux makes data of stringData and loses the sops block on the way: seen with 1.9.
    silent = any(
        v.path[:1] == ("stringData",)
        for f in encrypted
        for d in view.encrypted.get(f, ())
        for v in d.values
    )
    effect = ": the ciphertext becomes the value, and Flux reports success" if silent else ""
    return Diagnosis(
        "decryption",
        ERROR,
        f"{applied.object} applies encrypted files and does not decrypt them{effect}",
        (applied.place, *encrypted[:3]),
        fix,
    )


def _that_decrypts(view: View, own: Applied) -> Applied | None:
    """Return a Kustomization of the cluster of *own* that decrypts what people put below its path, if there is one."""
    for applied in view.applied:
        found = applied.kustomization
        is_ours = f"/{PULL_SECRETS}/" in f"/{found.path}/"
        is_away = applied.cluster != own.cluster or applied.is_elsewhere or applied.is_remote
        if found.decryption_provider == "sops" and not (is_ours or is_away):
            return applied
    return None


def _check_controller(view: View, applied: Applied, encrypted: list[str]) -> Iterator[Diagnosis]:
    """Yield files for age recipients alone that a Kustomization without a Secret cannot decrypt.

    The controller may have identities of its own, since Flux 2.7; what installs it in Git says so.
    """
    if view.root(applied.cluster).installer == Installer.EXTERNAL or view.mentions(_OF_CONTROLLER):
        return
    for path in encrypted:
        keys = [k.kind for d in view.encrypted.get(path, ()) if d.metadata for k in d.metadata.keys]
        if keys and set(keys) == {"age"}:
            yield Diagnosis(
                "decryption-secret",
                ERROR,
                f"{applied.object} decrypts without a secretRef, {path} is for age recipients alone, and nothing in "
                "Git gives the controller an age identity",
                (applied.place, path),
                f"in {applied.kustomization.file}, spec.decryption.secretRef: {{name: {IDENTITY_SECRET}}}",
            )
            return


def _check_version(view: View, applied: Applied, encrypted: list[str]) -> Iterator[Diagnosis]:
    components = view.root(applied.cluster).components
    if components is None:
        return
    for path in encrypted:
        if path not in view.encrypted:
            continue
        readers = [r for d in view.encrypted[path] if d.metadata for r in d.metadata.recipients]
        version = too_old(view.tree.read(components) or b"", readers)
        if version is not None:
            yield Diagnosis(
                "post-quantum",
                ERROR,
                f"{path} is for post-quantum recipients alone, and Flux {version} reads them from v2.9 on",
                (path, components, applied.place),
                f"run flux bootstrap for {applied.cluster.path} with Flux 2.9 or later",
            )


def _check_secret(
    view: View, applied: Applied, name: str, known: Mapping[Name, tuple[str, list[str]]]
) -> Iterator[Diagnosis]:
    namespace = applied.kustomization.namespace or DEFAULT_NAMESPACE
    if (namespace, name) in known:
        path, keys = known[namespace, name]
        if keys and not any(k.endswith(COUNTED) or k in COUNTED_WHOLE for k in keys):
            yield Diagnosis(
                "decryption-secret",
                ERROR,
                f"{applied.object} decrypts with Secret {namespace}/{name}, whose key {keys[0]} Flux passes over",
                (path, applied.place),
                f"name the key {keys[0].rsplit('.', 1)[0]}.agekey",
            )
        return
    if _copied(view, name):
        return
    elsewhere = sorted(n for n, other in known if other == name)
    homes = {a.kustomization.namespace for a in view.applied if a.is_own}
    if namespace in homes and name == IDENTITY_SECRET:
        # apply brings it there, whatever other namespaces have by that name.
        return
    if elsewhere or (namespace not in homes and homes):
        where = elsewhere[0] if elsewhere else min(h or DEFAULT_NAMESPACE for h in homes)
        yield Diagnosis(
            "decryption-secret",
            ERROR if elsewhere else WARNING,
            f"{applied.object} decrypts with a Secret {name} of its own namespace {namespace}, and it is in {where}",
            (applied.place,),
            f"put the Kustomization into namespace {where}, with spec.targetNamespace: {namespace}",
        )
    elif name != IDENTITY_SECRET and _is_for_ours_alone(view, applied):
        yield Diagnosis(
            "decryption-secret",
            ERROR,
            f"{applied.object} decrypts with Secret {namespace}/{name}, and what it applies is for the identity in {IDENTITY_SECRET}",
            (applied.place,),
            f"in {applied.kustomization.file}, spec.decryption.secretRef.name: {IDENTITY_SECRET}",
        )


def _is_for_ours_alone(view: View, applied: Applied) -> bool:
    """Return whether only the identity of a Kustomization that decrypts with our Secret opens what is applied."""
    own = recorded_recipient(view.rules, applied.cluster)
    is_used = any(
        a.kustomization.decryption_secret == IDENTITY_SECRET
        for a in view.applied_in(applied.cluster)
    )
    readers = [
        document.metadata.recipients
        for path in applied.reach.files
        for document in view.encrypted.get(path, ())
        if document.metadata is not None
    ]
    return is_used and own is not None and all(list(found) == [own] for found in readers)


def _secrets(view: View) -> dict[Name, tuple[str, list[str]]]:
    """Return the Secrets that are applied, with the file and the keys of each, in every namespace that they reach."""
    found: dict[Name, tuple[str, list[str]]] = {}
    for applied in view.applied:
        for path in applied.reach.files:
            if path not in view.encrypted and b"Secret" not in (view.tree.read(path) or b""):
                continue
            for namespace, name, keys in _secrets_of(view, path):
                fetched = view.fetched(applied.cluster)
                for target in target_namespaces(applied, fetched, path, namespace):
                    found[target or DEFAULT_NAMESPACE, name] = path, keys
    return found


def _secrets_of(view: View, path: str) -> Iterator[tuple[str | None, str, list[str]]]:
    """Yield the namespace, the name and the keys of each Secret in a file."""
    if path in view.encrypted:
        for document in view.encrypted[path]:
            if document.kind == "Secret":
                values = (v for v in document.values if v.path[0] in ROOTS and v.path[1:])
                yield document.namespace, document.name or "", [str(v.path[1]) for v in values]
        return
    for node in view.objects(path, "Secret"):
        keys = [key for field in ROOTS for key, _ in entries(node, field)]
        name = text(node, "metadata", "name") or ""
        yield text(node, "metadata", "namespace"), name, keys


def _copied(view: View, name: str) -> bool:
    """Return whether a controller copies Secret *name* to other namespaces, by its annotations."""
    return any(
        any(mark in (view.tree.read(path) or b"") for mark in _COPIERS)
        for path in view.applied_files
        if name.encode() in (view.tree.read(path) or b"")
    )
