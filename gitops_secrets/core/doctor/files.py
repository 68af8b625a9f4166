"""That each encrypted file is one that Flux decrypts to what was meant, for a cluster that has its key."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.creationrules import parse_rules, recorded_recipient
from gitops_secrets.core.sops.recipients import shorten
from gitops_secrets.core.sops.secrets import MAX_SECRET_BYTES
from gitops_secrets.core.sops.structure import MAX_ENCRYPTED_BYTES, Metadata, SopsDocument
from gitops_secrets.errors import GitOpsSecretsError, InvalidDocumentError

_COMMENT_FIELDS = ("encrypted_comment_regex", "unencrypted_comment_regex")


def check(view: View) -> Iterator[Diagnosis]:
    """Yield what is wrong with encrypted files, one by one, and with the rules that made them."""
    yield from _check_config(view)
    for path, documents in view.encrypted.items():
        size = len(view.tree.read(path) or b"")
        if size > MAX_ENCRYPTED_BYTES:
            yield Diagnosis(
                "size",
                ERROR,
                f"{path} has {size} bytes, and Flux decrypts at most {MAX_ENCRYPTED_BYTES}",
                (path,),
                "one file for each Secret",
            )
        for document in documents:
            yield from _check_document(path, document, is_applied=path in view.applied_files)
            if document.metadata is not None:
                yield from _check_recipients(view, path, document.metadata)


def _check_document(path: str, document: SopsDocument, *, is_applied: bool) -> Iterator[Diagnosis]:
    metadata = document.metadata
    if metadata is None:
        if document.kind == "Secret" and document.readable_values():
            yield _readable(path, document)
        return
    if not is_applied and document.kind != "Secret":
        # Whatever else sops encrypts in a repository, values for machines or pipelines, is not Flux's.
        return
    if document.kind != "Secret":
        yield Diagnosis(
            "encrypted-kind",
            ERROR,
            f"{path} is an encrypted {document.kind or 'object'}, and Flux decrypts it for everybody who may read one",
            (path,),
            f"set kind: Secret in {path}, then: gitops-secrets encrypt --ignore-mac {path}",
        )
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
    if metadata.mac is None or metadata.mac_only_encrypted:
        what = (
            "without a MAC" if metadata.mac is None else "with a MAC over its encrypted values only"
        )
        yield Diagnosis(
            "mac",
            WARNING,
            f"{path} is {what}: nobody can tell whether it was changed",
            (path,),
            f"gitops-secrets encrypt --ignore-mac {path}",
        )
    if sum(v.size for v in document.values) > MAX_SECRET_BYTES * 4 // 3:
        yield Diagnosis(
            "size",
            ERROR,
            f"{path} makes a Secret over {MAX_SECRET_BYTES} bytes, which is the most that Kubernetes takes",
            (path,),
            "split it into several Secrets",
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


def _check_recipients(view: View, path: str, metadata: Metadata) -> Iterator[Diagnosis]:
    if any(key.kind != "age" for key in metadata.keys):
        return
    for applied in view.applied:
        own = recorded_recipient(view.rules, applied.cluster)
        if path in applied.reach.files and own is not None and own not in metadata.recipients:
            yield Diagnosis(
                "recipients",
                ERROR,
                f"{path} is not encrypted for {applied.cluster.path}, whose identity is {shorten(own)}",
                (path, applied.place, CONFIG),
                f"sops updatekeys --yes {path}",
            )
    rule = view.rule_for(path)
    if rule is not None and not rule.other_keys and rule.recipients:
        wanted = {r.value for r in rule.recipients}
        if wanted != set(metadata.recipients):
            yield Diagnosis(
                "recipients",
                WARNING,
                f"{path} has other recipients than its creation rule names",
                (path, f"{CONFIG}:{rule.line}"),
                f"sops updatekeys --yes {path}",
            )


def _check_config(view: View) -> Iterator[Diagnosis]:
    content = view.tree.read(CONFIG)
    try:
        rules = parse_rules(content or b"")
    except GitOpsSecretsError as error:
        yield Diagnosis("sops-config", ERROR, error.message, (CONFIG,), "fix its YAML")
        return
    for rule in rules:
        try:
            rule.matches("")
        except InvalidDocumentError as error:
            place = f"{CONFIG}:{rule.line}"
            fix = " or ".join(error.hints)
            yield Diagnosis("sops-config", ERROR, error.message, (place,), fix)
            break
    for path in view.encrypted:
        chosen = view.rule_for(path) if path in view.applied_files else None
        if chosen is not None and not chosen.fits_kubernetes():
            yield Diagnosis(
                "sops-config",
                ERROR,
                f"{CONFIG}:{chosen.line}: the creation rule for {path} does not fit what Flux decrypts",
                (f"{CONFIG}:{chosen.line}", path),
                "encrypted_regex: ^(data|stringData)$ and no other choice of values",
            )
            return
    for applied in view.applied:
        if CONFIG in applied.reach.foreign:
            yield Diagnosis(
                "sops-config",
                ERROR,
                f"{CONFIG} is let into what Flux fetches, and is not a Kubernetes object: it stops {applied.object}",
                (".sourceignore", CONFIG),
                f"echo /{CONFIG} >> .sourceignore: with any rule there, what Flux leaves out by itself counts no more",
            )
