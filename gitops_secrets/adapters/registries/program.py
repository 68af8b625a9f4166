"""A user's program that mints and revokes the credentials of a registry.

It is the user's own: named on the command line or by their environment, never by Git. No shell starts it, and
what it prints on standard error is not repeated, for it may hold a secret.
"""

from __future__ import annotations

import shlex

from gitops_secrets.adapters.running.process import Completed, find_program, run
from gitops_secrets.core.registry.rotation.minted import Listed, Minted
from gitops_secrets.core.registry.rotation.protocol import (
    Action,
    build_request,
    parse_listed,
    parse_minted,
)
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class Program:
    """The program of *command* for the registry *host*. Raises UsageError if there is no such program."""

    kind = "exec"

    def __init__(self, command: str, host: str) -> None:
        try:
            words = shlex.split(command)
        except ValueError:
            words = []
        path = find_program(words[0]) if words else None
        if path is None:
            raise UsageError(
                "--exec names no program that can be run",
                "--exec '/usr/local/bin/mint-credential --server staging'",
            )
        self._argv = [path, *words[1:]]
        self._host = host
        self.name = words[0].rpartition("/")[2]

    def list(self) -> list[Listed]:
        """Return the credentials that there are. Raises GitOpsSecretsError."""
        return parse_listed(self._ask(Action.LIST), self.name)

    def mint(self, name: str, user: str, ident: str | None) -> Minted:
        """Return a new credential *name* beside the old one of *user*. Raises GitOpsSecretsError.

        After an error it may have been made all the same.
        """
        return parse_minted(self._ask(Action.MINT, name=name, user=user, id=ident), self.name)

    def revoke(self, ident: str) -> None:
        """Revoke a credential; one that is gone already is no error. Raises GitOpsSecretsError."""
        self._ask(Action.REVOKE, id=ident)

    def _ask(self, action: Action, **fields: str | None) -> bytes:
        done = self._run(action, build_request(action, self._host, **fields))
        if done.status:
            raise GitOpsSecretsError(
                f"{self.name} {action} failed with status {done.status}",
                "run it by hand to see why: what it prints on standard error is not shown here, "
                "for it may hold a secret",
            )
        return done.stdout

    def _run(self, action: Action, request: bytes) -> Completed:
        try:
            return run([*self._argv, action], stdin=request)
        except OSError as error:
            raise GitOpsSecretsError(f"{self.name} cannot be started: {error.strerror}") from None
