"""Whether a rotation is due: by what is noted in Git about the credential, and by what mints it."""

from __future__ import annotations

import datetime as dt

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.commands.registry.finding import own_secret, see
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.core.registry.reference import find_key
from gitops_secrets.core.registry.rotation.record import Record
from gitops_secrets.core.sops.annotations import records_in
from gitops_secrets.core.sops.manifest import Manifest


def why_not(request: Request, repository: Repository) -> str | None:
    """Return why nothing is to be done: the credential lasts longer than the request says; None if something is.

    Nothing is decrypted for the answer.
    """
    if request.due is None:
        return None
    key = request.registry.key
    record = _record(request, repository)
    end = record.ends if record is not None else None
    if end is None:
        return f"nothing in Git says when the credential for {key} ends"
    if end - dt.datetime.now(dt.UTC) <= request.due:
        return None
    return f"the credential for {key} lasts until {end:%Y-%m-%d %H:%M} UTC"


def is_unfinished(request: Request, repository: Repository) -> bool:
    """Return whether what mints still lists the credential from before the last rotation."""
    record = _record(request, repository)
    if request.minter is None or record is None or record.previous is None:
        return False
    return record.previous in {one.ident for one in request.minter.list()}


def _record(request: Request, repository: Repository) -> Record | None:
    """Return what is noted about the credential in the first Secret that is meant."""
    seen = see(repository, request.choice)
    path = own_secret(seen, seen.clusters[0], request.secret).path
    records = records_in(Manifest(seen.tree.read(path) or b"", path))
    key = find_key(records, request.registry)
    return records[key] if key is not None else None
