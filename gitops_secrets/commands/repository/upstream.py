"""The upstream branch, as Flux has it."""

from __future__ import annotations

import os

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.git.revision import upstream_commit
from gitops_secrets.core.flux.view import Pushed
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.errors import GitOpsSecretsError

_LINK, _SUBMODULE = "120000", "160000"


def upstream(repository: Repository, tree: Overlay) -> Pushed | None:
    """Return the tree of the upstream branch, as far as it is known here; None without one."""
    revision = upstream_commit(repository)
    if revision is None:
        return None
    listed = repository.begin("ls-tree", "-r", "-z", "--full-tree", revision)
    diff = repository.ask("diff", "--raw", "-z", "--no-renames", "--no-abbrev", revision, "--")
    changed = _changed(diff)
    files = []
    for entry in listed().split(b"\0"):
        about, _, name = entry.partition(b"\t")
        if name and about.split(b" ")[0].decode() not in (_LINK, _SUBMODULE):
            files.append(os.fsdecode(name))
    held = set(files)
    try:
        before = repository.blobs(list({blob for blob in changed.values() if blob is not None}))
    except GitOpsSecretsError:
        # A partial clone would have to fetch what Flux has: nothing is known of it then.
        return None

    def read(path: str) -> bytes | None:
        if path not in held:
            return None
        return before.get(changed[path] or "") if path in changed else tree.read(path)

    return Pushed(Overlay(files, read), frozenset(changed))


def _changed(diff: bytes) -> dict[str, str | None]:
    """Return the files that are other now, each with the blob that it was; None for what is new."""
    fields = diff.split(b"\0")
    found: dict[str, str | None] = {}
    for about, name in zip(fields[::2], fields[1::2], strict=False):
        mode, _, blob, *_ = about.decode().lstrip(":").split(" ")
        found[os.fsdecode(name)] = blob if mode.startswith("100") else None
    return found
