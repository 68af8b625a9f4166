"""What Git's history says of a rotation: the commit that brought a credential, and the one before it."""

from __future__ import annotations

from gitops_secrets.adapters.git.repository import Repository, literal
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.registry.rotation.holders import Found
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.pullsecret import read_entries
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.errors import GitOpsSecretsError

_MOST = 50
"""How many commits of a file are looked at."""


class Switched(Veiled):
    """The commit with which a file got its credential, and what it had before."""

    __slots__ = ("commit", "old")

    def __init__(self, commit: str, old: Credentials | None) -> None:
        self.commit = commit
        self.old = old
        """None if history does not say, or what it has cannot be opened."""


def find_switch(request: Request, repository: Repository, found: Found) -> Switched | None:
    """Return how the file of *found* got its credential, None if it is in no commit."""
    path, key = found.first.secret.path, found.first.key
    out = repository.ask("log", f"--max-count={_MOST}", "--format=%H", "--", literal(path))
    sealer = Sealer(found.seen.tree, Keyring(request.identity_file))
    switch = ""
    for commit in out.decode().split():
        content = repository.contents(commit, [path])[1][path]
        held = _entry(sealer, content, path, key)
        if held is None:
            break
        if held != found.current:
            return Switched(switch, held) if switch else None
        switch = commit
    return Switched(switch, None) if switch else None


def _entry(sealer: Sealer, content: bytes | None, path: str, key: str) -> Credentials | None:
    if content is None:
        return None
    try:
        return read_entries(sealer.open_manifest(Manifest(content, path)).plain).get(key)
    except GitOpsSecretsError:
        return None
