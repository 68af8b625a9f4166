"""The Secrets of a document that no parser reads."""

from __future__ import annotations

from gitops_secrets.core.guard.look.inspection import Inspection
from gitops_secrets.core.guard.look.objects import MAX_VALUES, TOO_MANY
from gitops_secrets.core.guard.look.origin import Origin
from gitops_secrets.core.guard.patterns.ciphertext import tag_of
from gitops_secrets.core.guard.patterns.filledin import stands_for
from gitops_secrets.core.guard.read.documents import Document
from gitops_secrets.core.guard.read.lenient import find_secrets
from gitops_secrets.core.guard.record.facts import ObjectFacts, Place
from gitops_secrets.core.sops.encrypted import is_encrypted_value


def describe(inspection: Inspection, document: Document) -> None:
    """Record the Secrets of a document that no parser reads. Raises LimitError as ``find_secrets`` does."""
    for secret in find_secrets(document.text):
        text = document.text
        is_encrypted = any(is_encrypted_value(v.text) for v in secret.values) or (
            "\nsops:" in text or '"sops"' in text
        )
        places: list[Place] = []
        for value in secret.values:
            if len(places) == MAX_VALUES:
                inspection.unreadable(Origin(identity=secret.identity), TOO_MANY)
                break
            key = (value.root, value.key)
            if not value.text or is_encrypted_value(value.text):
                continue
            if not is_encrypted and stands_for(key, value.text):
                continue
            line = value.line + document.line
            if is_encrypted:
                origin = Origin(identity=secret.identity, key=key)
                inspection.note(
                    "partly-encrypted-secret", origin, line, value.column, material=value.text
                )
            found = Place(key, line + 1, value.column + 1)
            places.append(inspection.readable(secret.identity, key, value.text, found))
        inspection.objects.append(
            ObjectFacts(
                identity=secret.identity,
                line=secret.line + document.line + 1,
                column=1,
                document=document.number,
                has_metadata="\nsops:" in text,
                readable=tuple(places),
                encrypted=sum(is_encrypted_value(v.text) for v in secret.values),
                ciphertexts=tuple(
                    tag_of(v.text) for v in secret.values if is_encrypted_value(v.text)
                ),
                wrapped=(),
            )
        )
