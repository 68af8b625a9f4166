"""Who opens a file, alone or several together."""

from __future__ import annotations

from typing import NamedTuple


class Readers(NamedTuple):
    """Who opens a file: identities of *needed* of these groups of recipients."""

    groups: tuple[tuple[str, ...], ...] = ()
    needed: int = 1

    @property
    def recipients(self) -> tuple[str, ...]:
        """The recipients of all groups."""
        return tuple(recipient for group in self.groups for recipient in group)

    def are_within(self, others: Readers) -> bool:
        """Return whether all who together open a file for these open one for *others* too."""
        if len(others.groups) == 1:
            return set(self.recipients) <= set(others.recipients)
        return (
            len(self.groups) == len(others.groups)
            and self.needed >= others.needed
            and all(set(own) <= set(g) for own, g in zip(self.groups, others.groups, strict=True))
        )
