"""One finding with the secrets that it is about: they stay in memory, and leave with nothing that is said."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_secrets.core.guard.look.redaction import could_be_secret
from gitops_secrets.core.guard.record.facts import Note
from gitops_secrets.core.guard.rules.secrets import partly_encrypted_secret


class Hit:
    """A note with the secrets it is about: several where one packed value holds them."""

    __slots__ = ("material", "note", "values")

    def __init__(self, note: Note, material: str) -> None:
        self.note = note
        self.material = material
        self.values = [material] if material else []

    def could_be_secret(self) -> bool:
        """Return whether what was found is a secret: a value that was left readable may be a user's name as well."""
        return self.note.rule != partly_encrypted_secret.RULE.ident or any(
            could_be_secret(self.note.key, value, is_found=True) for value in self.values
        )


def unknown(found: Sequence[Hit], known: Sequence[Hit]) -> list[Hit]:
    """Return those of *found* that say more than *known*: another secret, or a rule without one that is not there."""
    values = {value for hit in known for value in hit.values}
    rules = {hit.note.rule for hit in known}
    return [
        hit
        for hit in found
        if not values.issuperset(hit.values) or (not hit.values and hit.note.rule not in rules)
    ]
