"""That each encrypted file is one that Flux decrypts to what was meant, for a cluster that has its key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops_secrets.core.doctor.diagnosis import ERROR, WARNING, Diagnosis
from gitops_secrets.core.doctor.documents import check_document, is_for_flux
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.keys.managers import plugin_of
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.core.sops.rules.creation import CreationRule, parse_rules, recorded_recipient
from gitops_secrets.core.sops.secrets import ROOTS
from gitops_secrets.core.sops.structure import (
    MAX_ENCRYPTED_BYTES,
    MasterKey,
    Metadata,
    SopsDocument,
)
from gitops_secrets.errors import GitOpsSecretsError, InvalidDocumentError

RANKS = {
    "sops-config": 50,
    "recipients": 90,
    "encrypted-kind": 100,
    "readable": 120,
    "comments": 130,
    "mac": 210,
    "size": 220,
}


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield what is wrong with encrypted files, one by one, and with the rules that made them."""
    view = given.view
    yield from _check_config(view)
    decrypting = (a for a in view.applied if a.kustomization.decryption_provider is not None)
    decrypted = {file for applied in decrypting for file in applied.reach.files}
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
            # What an operator is to decrypt is Flux's only if Flux decrypts it first.
            taken = view.applied_files if is_for_flux(document) else decrypted
            yield from check_document(path, document, is_applied=path in taken)
            if document.metadata is not None:
                yield from _check_mac(view, path, document)
                yield from _check_recipients(view, path, document.metadata)


def _check_mac(view: View, path: str, document: SopsDocument) -> Iterator[Diagnosis]:
    """Yield a file without any MAC; one over its encrypted values alone is how its owner wants it."""
    is_looked_at = path in view.applied_files or document.kind == "Secret"
    if is_looked_at and document.metadata is not None and document.metadata.mac is None:
        yield Diagnosis(
            "mac",
            WARNING,
            f"{path} is without a MAC: nobody can tell whether it was changed",
            (path,),
            f"gitops-secrets encrypt --ignore-mac {path}",
        )


def _check_recipients(view: View, path: str, metadata: Metadata) -> Iterator[Diagnosis]:
    appliers = [a for a in view.applied if path in a.reach.files]
    rule = view.rule_for(path)
    if appliers and metadata.needed > sum(map(_may_be_at_hand, metadata.groups or [metadata.keys])):
        yield Diagnosis(
            "recipients",
            ERROR,
            f"{path} needs an SSH key or an age plugin, and kustomize-controller has identities of neither kind",
            (path, appliers[0].place),
            f"add the cluster's age recipient to the creation rule for {path}, then: gitops-secrets encrypt {path}",
        )
        return
    if rule is None or rule.other_keys or any(key.kind != "age" for key in metadata.keys):
        return
    wanted = {r.value for r in rule.recipients}
    for applied in appliers:
        own = recorded_recipient(view.rules, applied.cluster)
        if own is not None and own in wanted and own not in metadata.recipients:
            yield Diagnosis(
                "recipients",
                ERROR,
                f"{path} is not encrypted for {applied.cluster.path}, whose identity is {shorten(own)}",
                (path, applied.place, CONFIG),
                f"gitops-secrets encrypt {path}",
            )
            return
    if wanted and wanted != set(metadata.recipients):
        yield Diagnosis(
            "recipients",
            WARNING,
            f"{path} has other recipients than its creation rule names",
            (path, f"{CONFIG}:{rule.line}"),
            f"gitops-secrets encrypt {path}",
        )


def _may_be_at_hand(group: Sequence[MasterKey]) -> bool:
    """Return whether kustomize-controller can have a key of *group*: it runs no plugin, and reads no SSH key."""
    return any(
        key.kind != "age"
        or (not key.identification.startswith("ssh-") and plugin_of(key.identification) is None)
        for key in group
    )


def _check_config(view: View) -> Iterator[Diagnosis]:
    content = view.tree.read(CONFIG)
    try:
        rules = parse_rules(content or b"")
    except GitOpsSecretsError as error:
        fix = " or ".join(error.hints) or "fix its YAML"
        yield Diagnosis("sops-config", ERROR, error.message, (CONFIG,), fix)
        return
    for rule in rules:
        try:
            rule.matches("")
        except InvalidDocumentError as error:
            place = f"{CONFIG}:{rule.line}"
            fix = " or ".join(error.hints)
            yield Diagnosis("sops-config", ERROR, error.message, (place,), fix)
            break
    yield from _check_rules(view)
    for applied in view.applied:
        if CONFIG in applied.reach.foreign:
            yield Diagnosis(
                "sops-config",
                ERROR,
                f"{CONFIG} is let into what Flux fetches, since a .sourceignore with a rule replaces what Flux leaves out "
                f"by itself: it is not a Kubernetes object, and stops {applied.object}",
                (".sourceignore", CONFIG),
                f"echo /{CONFIG} >> .sourceignore",
            )


def _check_rules(view: View) -> Iterator[Diagnosis]:
    """Yield the rules by which the next ``sops encrypt`` of a file that Flux applies fails, or makes it unfit."""
    said = set()
    for path, documents in view.encrypted.items():
        rule = view.rule_for(path) if path in view.applied_files else None
        is_secret = any(document.kind == "Secret" for document in documents)
        if rule is None or rule.order in said or not is_secret:
            continue
        problem = rule.misfit() or _left_readable(rule, documents)
        if problem is None:
            continue
        said.add(rule.order)
        yield Diagnosis(
            "sops-config",
            ERROR if len(rule.choices) > 1 else WARNING,
            f"{CONFIG}:{rule.line}: the creation rule for {path} {problem}",
            (f"{CONFIG}:{rule.line}", path),
            "encrypted_regex: ^(data|stringData)$ and no other choice of values",
        )


def _left_readable(rule: CreationRule, documents: Sequence[SopsDocument]) -> str | None:
    """Return what *rule* would leave readable of *documents*, None if it would encrypt all their values."""
    if not rule.is_understood:
        return None
    for document in documents:
        for value in document.values:
            if value.path[0] in ROOTS and not rule.encrypts([str(key) for key in value.path]):
                return f"leaves {'.'.join(map(str, value.path))} readable"
    return None
