"""The files that hold Secrets as everybody can read them, and are to be encrypted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gitops_secrets.commands.verify.gather import Scope
from gitops_secrets.commands.verify.history import Compared
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.record.facts import ObjectFacts
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.verify.unencrypted import check_unencrypted, readable_secrets


class Readable(NamedTuple):
    """A file that is not encrypted, and the readable Secrets in it."""

    content: bytes
    secrets: tuple[ObjectFacts, ...]


def readable_files(scope: Scope, files: Mapping[str, EncryptedFile]) -> dict[str, Readable]:
    """Return the files to report on that hold a readable Secret, and are not encrypted."""
    others = {path: scope.contents[path] for path in scope.contents if path not in files}
    return {
        path: Readable(content, secrets)
        for path, content in {**scope.plain, **others}.items()
        if (scope.only is None or path in scope.only) and (secrets := readable_secrets(content))
    }


def check_readable(
    scope: Scope, plain: Mapping[str, Readable], compared: Compared
) -> Iterator[Finding]:
    """Yield the readable Secrets of *plain* that are to be encrypted, and those that were put in place of encrypted ones."""
    policy = Policy(scope.configs, settings=scope.settings)
    for path, file in plain.items():
        yield from check_unencrypted(path, file.secrets, policy, compared.sealed.get(path, ""))
    for held in compared.replaced:
        if held.path in plain and plain[held.path].content == held.content:
            continue
        secrets = readable_secrets(held.content)
        for finding in check_unencrypted(held.path, secrets, policy, held.sealed):
            yield finding._replace(commit=held.commit)
