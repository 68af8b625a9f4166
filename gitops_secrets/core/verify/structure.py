"""What one encrypted file shows without any key: its metadata, and which of its values are encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_secrets.core.doctor.documents import check_document
from gitops_secrets.core.guard.patterns.holders import holds_values, is_value
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.guard.rules.secrets.broken_sops_metadata import problems
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.rules.choices import EVERYTHING, Choice
from gitops_secrets.core.sops.structure import MAX_ENCRYPTED_BYTES, Metadata, SopsDocument, Value
from gitops_secrets.core.verify.checks import dotted, found
from gitops_secrets.core.yamltext.nodes import Position, get, position

_OF_FLUX = ("comments", "encrypted-kind", "size")
"""The checks of doctor that need no more than the file."""


def check_file(file: EncryptedFile) -> Iterator[Finding]:
    """Yield what is wrong with *file* by itself."""
    yield from _check_metadata(file)
    size = len(file.content)
    if size > MAX_ENCRYPTED_BYTES:
        yield found(
            "size",
            file.path,
            Position(1, 1),
            f"it has {size} bytes, and Flux decrypts at most {MAX_ENCRYPTED_BYTES}",
        )
    first = file.metadata
    for document in file.documents:
        if first is not None:
            yield from _check_values(file, document, first)
        yield from _check_for_flux(file, document)


def choice_of(metadata: Metadata) -> Choice:
    """Return the choice by which *metadata* says values are encrypted."""
    return Choice(*metadata.rule) if metadata.rule is not None else EVERYTHING


def encrypts(choice: Choice, value: Value) -> bool:
    """Return whether *choice* has sops encrypt *value*: places in lists do not count."""
    return choice.encrypts([key for key in value.path if isinstance(key, str)])


def _check_metadata(file: EncryptedFile) -> Iterator[Finding]:
    is_of_sops = any(document.metadata is not None for document in file.documents)
    for document, root in zip(file.documents, file.roots, strict=True):
        block = get(root, "sops")
        if block is None and is_of_sops and not any(v.encrypted for v in document.values):
            yield found(
                "broken-sops-metadata",
                file.path,
                position(root),
                "this document has no sops block, which sops writes into each: it was added by other hands",
                document=document,
            )
            continue
        if document.metadata is None and not any(v.encrypted for v in document.values):
            continue
        for problem in dict.fromkeys(problems(block)):
            yield found(
                "broken-sops-metadata",
                file.path,
                position(block if block is not None else root),
                f"its sops block cannot be what sops wrote: {problem}",
                document=document,
            )


def _check_values(
    file: EncryptedFile, document: SopsDocument, metadata: Metadata
) -> Iterator[Finding]:
    choice = choice_of(metadata)
    is_secret = holds_values(document.kind)
    if not choice.is_by_comments and choice.is_understood:
        for value in document.values:
            if value.encrypted != encrypts(choice, value) and not value.empty:
                yield _misplaced(file, document, value, choice)
                is_secret = is_secret and value.encrypted
    if is_secret:
        for value in document.values:
            is_readable = not (value.encrypted or value.empty or encrypts(choice, value))
            if is_readable and is_value(document.kind, value.path):
                yield found(
                    "readable-secret",
                    file.path,
                    value.position,
                    f"{dotted(value.path)} is readable: {_words(choice)} does not encrypt it",
                    document=document,
                    key=value.path,
                    fix="set encrypted_regex: ^(data|stringData)$ in .sops.yaml, then: "
                    "gitops-secrets encrypt --ignore-mac {path}",
                )
    # An empty value stays empty: a rule that chooses only such values matched all the same.
    is_matched = any(v.empty and encrypts(choice, v) for v in document.values)
    if document.values and not is_matched and not any(v.encrypted for v in document.values):
        is_last = document is file.documents[-1]
        if is_last and not any(v.encrypted for d in file.documents for v in d.values):
            yield found(
                "nothing-encrypted",
                file.path,
                file.place_of_block(),
                f"it has a sops block, and not one value is encrypted: {_words(choice)} matches nothing",
                document=document,
                fix="correct the rule in .sops.yaml, then: gitops-secrets encrypt --ignore-mac {path}",
            )


def _misplaced(
    file: EncryptedFile, document: SopsDocument, value: Value, choice: Choice
) -> Finding:
    if value.encrypted:
        message = (
            f"{dotted(value.path)} is encrypted, and {_words(choice)} of the file says that it is not: "
            "whoever decrypts the file gets the ciphertext as the value"
        )
        return found(
            "not-decrypted", file.path, value.position, message, document=document, key=value.path
        )
    return found(
        "readable-value",
        file.path,
        value.position,
        f"{dotted(value.path)} is not encrypted, and {_words(choice)} of the file says that it is",
        document=document,
        key=value.path,
    )


def _words(choice: Choice) -> str:
    return f"the rule {choice.field} '{choice.value}'"


def _check_for_flux(file: EncryptedFile, document: SopsDocument) -> Iterator[Finding]:
    for diagnosis in check_document(file.path, document, is_applied=False):
        if diagnosis.check in _OF_FLUX:
            yield found(
                diagnosis.check,
                file.path,
                file.place_of_block() if diagnosis.check == "comments" else Position(1, 1),
                diagnosis.message.removeprefix(f"{file.path} "),
                document=document,
                fix=diagnosis.fix.replace("{", "{{").replace("}", "}}"),
            )
