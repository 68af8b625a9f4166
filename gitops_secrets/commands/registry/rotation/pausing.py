"""The old credential taken out of use before it is revoked: the last step that has a way back."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_secrets.adapters.registries.minter import NotAllowedError, Pauser
from gitops_secrets.commands.registry.rotation.asking import ask_until, is_refused
from gitops_secrets.commands.registry.rotation.history import Switched
from gitops_secrets.commands.registry.rotation.holders import Found
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.core.registry.rotation.minted import Listed
from gitops_secrets.core.registry.rotation.stages import Journey, Stage, State
from gitops_secrets.errors import GitOpsSecretsError, UsageError
from gitops_secrets.report.proofs import sentence


def refuse_unpausable(request: Request) -> None:
    """Raise UsageError if the request is about a pause, and what mints has none, or not before the revocation."""
    option = "--reactivate" if request.reactivate else "--pause-after"
    if request.pause_after is None and not request.reactivate:
        return
    if not isinstance(request.minter, Pauser):
        name = request.minter.name if request.minter is not None else "who brings a credential"
        later = "; --revoke-after 7d waits before the revocation"
        raise UsageError(
            f"{option}: {name} cannot pause one",
            f"leave {option} out{later if request.pause_after is not None else ''}",
        )
    if request.pause_after is not None and request.pause_after > request.revoke_after:
        raise UsageError(
            "--pause-after is longer than --revoke-after, and the pause comes first",
            "--pause-after 3d --revoke-after 7d",
        )


def pause(
    request: Request,
    found: Found,
    switched: Switched,
    listed: Sequence[Listed],
    idents: Sequence[str],
    journey: Journey,
) -> None:
    """Pause *idents* if what mints can do that, and see that the registry refuses the old one and takes the new one.

    If it does not, the wrong one was paused: it is re-activated, and GitOpsSecretsError raised. So it is if the pause
    fails. Without the right to pause, it is left out, unless the request asks for it.
    """
    minter = request.minter
    if not isinstance(minter, Pauser):
        return
    names = ", ".join(idents)
    paused = {one.ident for one in listed if one.is_paused}
    request.progress(f"pausing {names}")
    try:
        for ident in idents:
            if ident not in paused:
                minter.pause(ident)
    except NotAllowedError:
        if request.pause_after is not None:
            raise
        words = f"the credential that mints has no right to pause {names}"
        journey.note(Stage.PAUSE, State.SKIPPED, words)
        return
    problem = _problem(request, found, switched)
    if problem is not None:
        for ident in idents:
            minter.reactivate(ident)
        journey.note(Stage.PAUSE, State.FAILED, f"{names} was paused, and re-activated: {problem}")
        raise GitOpsSecretsError(
            f"with {names} paused, {problem}; it was re-activated, and nothing was revoked",
            "see at the registry whose id it is; --revoke ID names another",
            request.resume_with,
        )
    seen = "the registry refuses the old credential, and the new one pulls"
    words = f"{minter.name} paused {names}" + (f": {seen}" if request.check else "")
    journey.note(Stage.PAUSE, State.DONE, words)


def reactivate(
    request: Request, found: Found, switched: Switched, idents: Sequence[str], journey: Journey
) -> None:
    """Take *idents* into use again, and see that the registry takes the old credential. Raises GitOpsSecretsError."""
    minter = request.minter
    assert isinstance(minter, Pauser)
    if not idents:
        raise GitOpsSecretsError(
            "the list does not say which id is the old credential's", "--revoke ID"
        )
    for ident in idents:
        minter.reactivate(ident)
    words = f"{minter.name} re-activated {', '.join(idents)}"
    if request.check and switched.old is not None:
        proof = ask_until(request, found, switched.old, lambda p: p.is_good)
        words += f"; {sentence(proof)}"
    journey.note(Stage.PAUSE, State.WAITING, words)


def _problem(request: Request, found: Found, switched: Switched) -> str | None:
    """Return what is not as it has to be while the old credential is paused."""
    if not request.check:
        return None
    if switched.old is not None:
        proof = ask_until(request, found, switched.old, is_refused)
        if not is_refused(proof):
            return f"the old credential is not seen to be refused: {sentence(proof)}"
    proof = ask_until(request, found, found.current, lambda p: p.is_good)
    return None if proof.is_good else f"the new credential is not proven: {sentence(proof)}"
