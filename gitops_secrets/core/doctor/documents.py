"""That one encrypted document is one that Flux decrypts to what was meant, whoever applies it."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.secrets import MAX_SECRET_BYTES
from gitops_secrets.core.sops.structure import SopsDocument

_READ_BY_FLUX = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
_COMMENT_FIELDS = ("encrypted_comment_regex", "unencrypted_comment_regex")


def is_for_flux(document: SopsDocument) -> bool:
    """Return whether Flux is to decrypt *document*: a SopsSecret is decrypted by an operator of its own."""
    return document.metadata is not None and document.kind != "SopsSecret"


def check_document(path: str, document: SopsDocument, *, is_applied: bool) -> Iterator[Diagnosis]:
    """Yield what is wrong with one document by itself; *is_applied* says whether Flux decrypts it."""
    metadata = document.metadata
    if metadata is None:
        if document.kind == "Secret" and document.readable_values():
            yield _readable(path, document)
        return
    if not is_applied and document.kind != "Secret":
        # Whatever else sops encrypts in a repository, values for machines or pipelines, is not Flux's.
        return
    hidden = [".".join(map(str, v.path)) for v in document.values if v.encrypted]
    unread = next((field for field in _READ_BY_FLUX if field in hidden), None)
    if unread is not None:
        yield Diagnosis(
            "encrypted-kind",
            ERROR,
            f"{path} has its {unread} encrypted, which Flux has to read",
            (path,),
            f"set encrypted_regex: ^(data|stringData)$ in {CONFIG}, then: gitops-secrets encrypt --ignore-mac {path}",
        )
    elif not is_for_flux(document):
        yield Diagnosis(
            "encrypted-kind",
            ERROR,
            f"{path} is an encrypted {document.kind}, and Flux decrypts it before its own operator can",
            (path,),
            f"apply {path} by a Kustomization without spec.decryption",
        )
    elif document.kind != "Secret" and hidden:
        # sops puts its metadata into every document of a file, also into those without a value of it.
        yield _elsewhere(path, document.kind or "object")
    elif document.readable_values():
        yield _readable(path, document)
    if metadata.rule is not None and metadata.rule[0] in _COMMENT_FIELDS:
        yield Diagnosis(
            "comments",
            ERROR,
            f"{path} is encrypted by its comments, which Flux never sees: it applies the ciphertext as the value",
            (path,),
            f"set encrypted_regex: ^(data|stringData)$ in {CONFIG}, then encrypt {path} anew",
        )
    if sum(v.size for v in document.values) > MAX_SECRET_BYTES * 4 // 3:
        yield Diagnosis(
            "size",
            ERROR,
            f"{path} makes a Secret over {MAX_SECRET_BYTES} bytes, which is the most that Kubernetes takes",
            (path,),
            "split it into several Secrets",
        )


def _elsewhere(path: str, kind: str) -> Diagnosis:
    """Return what is to be said of values that are encrypted in another kind than a Secret.

    Whoever may view a namespace may read its ConfigMaps, and not its Secrets. Of other kinds the cluster decides.
    """
    is_map = kind == "ConfigMap"
    edit = f"set kind: Secret in {path}, then: gitops-secrets encrypt --ignore-mac {path}"
    return Diagnosis(
        "encrypted-kind",
        ERROR if is_map else WARNING,
        f"{path} is an encrypted {kind}, and Flux decrypts it for everybody who may read one",
        (path,),
        edit
        if is_map
        else f"move its encrypted values to a Secret that the {kind} of {path} names",
    )


def _readable(path: str, document: SopsDocument) -> Diagnosis:
    value = document.readable_values()[0]
    return Diagnosis(
        "readable",
        ERROR,
        f"{path}: {'.'.join(map(str, value.path))} is readable in Git",
        (f"{path}:{value.position}",),
        f"gitops-secrets encrypt {path} && git add {path}",
    )
