"""How far an earlier run came: by what the repository, the list of what mints and the registry say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.commands.registry.rotation.asking import ask, is_refused
from gitops_secrets.commands.registry.rotation.history import Switched, find_switch
from gitops_secrets.commands.registry.rotation.holders import Found
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.commands.registry.rotation.reviewed import find_waiting
from gitops_secrets.core.registry.rotation.minted import Listed, orphans
from gitops_secrets.errors import GitOpsSecretsError


class Earlier(NamedTuple):
    """What is known of earlier rotations of the credential."""

    request: Request
    repository: Repository
    found: Found
    listed: Sequence[Listed]
    prefix: str

    def find(self) -> Switched | None:
        """Return the rotation that is to be resumed, None if one is to begin.

        Raises GitOpsSecretsError if one is to begin, and the list shows that the last is not complete.
        """
        switched = self._find()
        if switched is None:
            self._refuse_waiting()
        return switched

    def _refuse_waiting(self) -> None:
        """Raise GitOpsSecretsError if another branch has a credential that waits for its merge."""
        waiting = find_waiting(self.repository, self.found, self._idents - {*self.request.revoke})
        if waiting is not None:
            raise GitOpsSecretsError(
                f"{waiting.branch} has the credential {waiting.ident} for {self.found.first.key}, and waits for its "
                "merge: nothing further is minted",
                f"once {waiting.branch} is merged: git pull, and the same command with --resume",
                f"if it is not to be merged, --revoke {waiting.ident} takes that credential back",
            )

    def _find(self) -> Switched | None:
        record = self.found.record
        if record is None:
            return None
        if not self.request.resume:
            if record.previous in self._idents:
                raise GitOpsSecretsError(
                    f"an earlier rotation of {self.found.first.key} is not complete: {record.previous} is not "
                    "revoked yet",
                    self.request.resume_with,
                )
            return None
        switched = find_switch(self.request, self.repository, self.found)
        if switched is None or self.request.revoke:
            return switched
        # What was begun after a complete rotation, and came to no commit, begins anew.
        known = (record.ident, record.previous)
        begins = self.request.read is not None or orphans(self.listed, self.prefix, known)
        return None if begins and self.is_revoked(switched) else switched

    def is_revoked(self, switched: Switched) -> bool:
        """Return whether the credential from before *switched* is not listed any more, and refused."""
        record = self.found.record
        if record is None or switched.old is None or record.previous in self._idents:
            return False
        return is_refused(ask(self.request, self.found, switched.old))

    @property
    def _idents(self) -> set[str]:
        return {one.ident for one in self.listed}
