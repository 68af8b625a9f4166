"""The new credential: minted or brought by the user, and taken back if nothing comes of it."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.registries.minter import Minter
from gitops_secrets.adapters.running.interrupts import end_on_signals
from gitops_secrets.commands.registry.rotation.holders import Found
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.commands.registry.shown import shown_user
from gitops_secrets.core.registry.rotation.minted import (
    Listed,
    Minted,
    Naming,
    find_old,
    make_name,
    name_prefix,
)
from gitops_secrets.core.registry.rotation.stages import Journey, Stage, State
from gitops_secrets.errors import GitOpsSecretsError, UsageError


def prefix_of(request: Request, repository: Repository) -> str:
    """Return how the names begin that are made here: by the remote's name, or the folder's."""
    done = repository.git("config", "--get", "remote.origin.url")
    url = "" if done.status else done.stdout.decode(errors="replace").strip().rstrip("/")
    last = url.replace(":", "/").rpartition("/")[2].removesuffix(".git")
    return name_prefix(last or repository.top.name, request.registry.host)


def make_new(
    request: Request, found: Found, listed: Sequence[Listed], prefix: str, journey: Journey
) -> tuple[Minted, str | None]:
    """Return the new credential, minted or brought, and the id of the old one if that is known; note it.

    Raises GitOpsSecretsError if there is none; what was minted and lost is revoked then.
    """
    minter = request.minter
    if minter is None:
        minted = bring(request, found)
        words = f"you brought a credential of {shown_user(minted.credentials)}"
        journey.note(Stage.MINT, State.DONE, words)
        return minted, None
    Naming(minter.name, listed, prefix, found.current.username).refuse(request.revoke)
    hinted = found.record.ident if found.record is not None else None
    old = find_old(listed, found.current, hinted, prefix)
    old = old or next(iter(request.revoke), None)
    request.progress(f"{minter.name} mints a credential")
    end_on_signals("a credential may have been minted that is in no commit; --resume shows it")
    minted = mint(minter, prefix, found, old)
    until = f", which ends at {minted.expires}" if minted.expires else ""
    user = shown_user(minted.credentials)
    whose = f" of {user}" if user != minted.ident else ""
    journey.note(Stage.MINT, State.DONE, f"{minter.name} minted {minted.ident}{whose}{until}")
    return minted, old if old != minted.ident else None


def bring(request: Request, found: Found) -> Minted:
    """Return the credential that the user brings. Raises GitOpsSecretsError if it is the old one."""
    if request.read is None:
        raise UsageError(
            "there is no rotation to resume, and no new credential to begin one with",
            "--exec COMMAND",
            "--provider NAME",
            "--registry-creds-env NAME",
        )
    credentials = request.read()
    if credentials == found.current:
        raise GitOpsSecretsError(
            f"the new credential for {found.first.key} is the one that the repository holds",
            "make a new one at the registry, and bring that",
        )
    return Minted(None, credentials)


def mint(minter: Minter, prefix: str, found: Found, old: str | None) -> Minted:
    """Return what *minter* mints. Raises GitOpsSecretsError; what was minted and lost is revoked then."""
    day = dt.datetime.now(dt.UTC).strftime("%Y%m%d")
    name = make_name(prefix, day, secrets.token_hex(4))
    try:
        minted = minter.mint(name, found.current.username, old)
    except GitOpsSecretsError as error:
        raise GitOpsSecretsError(error.message, *error.hints, _lost(minter, name)) from None
    if minted.credentials == found.current:
        raise GitOpsSecretsError(
            f"{minter.name} answered mint with the credential that the repository holds",
            "mint has to make a second one beside it",
        )
    return minted


def take_back(minter: Minter | None, minted: Minted, before: list[Listed]) -> str:
    """Revoke what was minted in vain, and return what became of it. One that was there before is left alone."""
    if minter is None or minted.ident is None:
        return "the old credential is as it was"
    if minted.ident in {one.ident for one in before}:
        return f"{minted.ident} was there before it was minted, and was not revoked"
    try:
        minter.revoke(minted.ident)
    except GitOpsSecretsError:
        return (
            f"the new credential {minted.ident} could not be revoked again: --revoke {minted.ident}"
        )
    return f"the new credential {minted.ident} was revoked again; the old one is as it was"


def _lost(minter: Minter, name: str) -> str:
    """Revoke what has *name*, whose secret nobody has; return what became of it."""
    try:
        made = [one for one in minter.list() if one.name == name]
        for one in made:
            minter.revoke(one.ident)
    except GitOpsSecretsError:
        return f"whether {name} was made is not known: the list of {minter.name} shows it"
    if made:
        return f"{name} was made, its secret was lost, and it was revoked again"
    return "nothing was minted; the old credential is as it was"
