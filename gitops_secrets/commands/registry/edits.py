"""What the registry commands make of the entries of a pull Secret."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.reference import Registry, find_key
from gitops_secrets.core.repository.commands import registry_command
from gitops_secrets.core.sops.pullsecret import PullSecret
from gitops_secrets.errors import GitOpsSecretsError


class Verb(StrEnum):
    """What is done with the registries of a pull Secret."""

    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"
    IMPORT = "import"


class Edit(NamedTuple):
    """One change of entries, the same for each cluster."""

    verb: Verb
    registries: Sequence[Registry]
    read: Callable[[], Sequence[Credentials]] = tuple
    """Reads the credentials of the registries, in their order; once, and after all else was found in order."""
    allow_empty: bool = False
    """Whether the last registry may be removed."""

    def refuse_misfit(self, secret: PullSecret, path: str) -> None:
        """Raise GitOpsSecretsError if *secret*, of the cluster at *path*, does not allow it."""
        held = secret.entries
        there = [r for r in self.registries if find_key(held, r) is not None]
        if self.verb is Verb.ADD and there:
            raise GitOpsSecretsError(
                f"the pull Secret {secret.name} of {path} has {_keys(there)} already",
                registry_command("update", [path], secret.name, there[0].options),
            )
        absent = [r for r in self.registries if r not in there]
        if self.verb in (Verb.UPDATE, Verb.REMOVE) and absent:
            raise GitOpsSecretsError(
                f"the pull Secret {secret.name} of {path} has no {_keys(absent)}; it has {', '.join(held) or 'none'}",
                registry_command("add", [path], secret.name, absent[0].options)
                if self.verb is Verb.UPDATE
                else f"gitops-secrets registry list --path {shlex.quote(path)}",
            )
        if self.verb is Verb.REMOVE and len(there) == len(held) and not self.allow_empty:
            raise GitOpsSecretsError(
                f"{_keys(there)} is the last of the pull Secret {secret.name} of {path}, and nothing would be "
                "pulled with it any more; --allow-empty removes it all the same",
                "--allow-empty",
            )

    def apply(self, secret: PullSecret, credentials: Mapping[Registry, Credentials]) -> PullSecret:
        """Return *secret* as it is to be. A registry keeps the spelling of the key that it has."""
        keys = {r: find_key(secret.entries, r) or r.key for r in self.registries}
        if self.verb is Verb.REMOVE:
            return secret.without(set(keys.values()))
        return secret.put({keys[r]: c for r, c in credentials.items()})

    def message(self, name: str, paths: Collection[str]) -> str:
        """Return the message of the commit."""
        what = {
            Verb.ADD: "Add registries to",
            Verb.UPDATE: "Update registries of",
            Verb.REMOVE: "Remove registries from",
            Verb.IMPORT: "Import registries into",
        }[self.verb]
        keys = "\n".join(f"- {key}" for key in sorted(r.key for r in self.registries))
        return f"{what} the pull Secret {name} in {', '.join(paths)}\n\n{keys}\n"


def _keys(registries: Sequence[Registry]) -> str:
    return ", ".join(registry.key for registry in registries)
