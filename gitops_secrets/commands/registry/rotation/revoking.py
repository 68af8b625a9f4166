"""The end of a rotation: the old credential is revoked, and seen to be refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from gitops_secrets.adapters.registries.minter import Minter
from gitops_secrets.commands.registry.rotation.asking import ask, ask_until, is_refused
from gitops_secrets.commands.registry.rotation.history import Switched
from gitops_secrets.commands.registry.rotation.holders import Found, elsewhere, holding
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.commands.registry.rotation.pausing import pause, reactivate
from gitops_secrets.commands.registry.shown import shown_user
from gitops_secrets.core.registry.provider import provider_of
from gitops_secrets.core.registry.rotation.minted import Listed, find_old, refuse_unlisted
from gitops_secrets.core.registry.rotation.record import BROUGHT, EXEC, Record
from gitops_secrets.core.registry.rotation.stages import Journey, Stage, State
from gitops_secrets.errors import GitOpsSecretsError

_TOKENS = "tokens that the registry issued for it before can pull until they end"


def is_time(request: Request, since: dt.datetime, journey: Journey) -> bool:
    """Return whether the old credential stayed in use as long *since* the commit as the request says; note it if not."""
    first = request.pause_after if request.pause_after is not None else request.revoke_after
    option = "--revoke-after" if request.pause_after is None else "--pause-after"
    return _is_past(since + first, "stays", option, journey)


def _is_past(until: dt.datetime, how: str, option: str, journey: Journey) -> bool:
    if until <= dt.datetime.now(dt.UTC):
        return True
    words = f"the old credential {how} until {until:%Y-%m-%d %H:%M} UTC, as {option} says"
    journey.note(Stage.REVOKE, State.WAITING, words)
    return False


class Ending(NamedTuple):
    """What is known when everything is confirmed."""

    request: Request
    found: Found
    switched: Switched
    record: Record
    listed: Sequence[Listed]
    prefix: str
    since: dt.datetime
    """When the commit was made."""
    token_seconds: int | None = None

    def revoke(self, journey: Journey) -> None:
        """Pause and revoke the old credential, and see that it is refused. Raises GitOpsSecretsError if that fails."""
        self._refuse_held()
        if self.record.provider == BROUGHT and not self.request.revoke:
            self._leave_to_user(journey)
            return
        minter = self.request.minter
        if minter is None or (minter.kind != self.record.provider and not self.request.revoke):
            raise GitOpsSecretsError(
                f"the new credential was minted by {self.record.provider}, which has to revoke the old one too",
                "--exec COMMAND"
                if self.record.provider == EXEC
                else f"--provider {self.record.provider}",
            )
        # In a resumed run, an id that is named and not listed may be what the earlier run revoked.
        gone = self._gone()
        idents = self._idents([one for one in self.request.revoke if one not in gone])
        if not idents:
            self._is_gone(gone, journey)
            return
        pause(self.request, self.found, self.switched, self.listed, idents, journey)
        until = self.since + self.request.revoke_after
        if not _is_past(until, "is paused", "--revoke-after", journey):
            return
        for ident in idents:
            self.request.progress(f"revoking {ident}")
            minter.revoke(ident)
        self._refuse_left(minter, idents)
        journey.note(
            Stage.REVOKE,
            State.DONE,
            f"{minter.name} revoked {', '.join(idents)}, and lists it no more",
        )
        self._prove_refused(journey)

    def take_back(self, journey: Journey) -> None:
        """Take the old credential into use again that was paused. Raises GitOpsSecretsError if that fails."""
        reactivate(
            self.request, self.found, self.switched, self._idents(self.request.revoke), journey
        )

    def _gone(self) -> list[str]:
        """Return the ids of the old credential, by what the user or Git says, that are listed no more."""
        listed = {one.ident for one in self.listed}
        noted = [self.record.previous] if self.record.previous is not None else []
        return [one for one in dict.fromkeys((*self.request.revoke, *noted)) if one not in listed]

    def _idents(self, named: Sequence[str]) -> list[str]:
        refuse_unlisted(self.listed, named, self.record.ident)
        old = find_old(self.listed, self.switched.old, self.record.previous, self.prefix)
        found = [*named, *([old] if old is not None else [])]
        return [ident for ident in dict.fromkeys(found) if ident != self.record.ident]

    def _refuse_held(self) -> None:
        """Raise GitOpsSecretsError while something in the repository holds the old one, or may."""
        still: list[str] = []
        if self.switched.old is not None:
            found, old = self.found, self.switched.old
            held = holding(found.seen, found.opened, self.request.registry, old)
            still = [
                *(holder.secret.path for holder in held.ours),
                *held.others,
                *elsewhere(self.request, found, old),
            ]
        if still:
            raise GitOpsSecretsError(
                f"the old credential is not revoked, because it is still in {', '.join(still)}",
                "change it there, commit, and go on with --resume",
            )
        _refuse_unopened(self.found)

    def _refuse_left(self, minter: Minter, idents: Sequence[str]) -> None:
        left = {one.ident for one in minter.list()} & {*idents}
        if left:
            raise GitOpsSecretsError(
                f"{minter.name} said that it revoked {', '.join(sorted(left))}, and still lists it",
            )

    def _is_gone(self, gone: Sequence[str], journey: Journey) -> None:
        """Note that nothing is left to revoke, if registry or list say so; else wait for the user to say what to revoke.

        Raises GitOpsSecretsError if the list says so, by the ids that are *gone*, and the registry does not.
        """
        others = ", ".join(one.ident for one in self.listed if one.ident != self.record.ident)
        listed = f" (listed: {others})" if others else ""
        old = self.switched.old
        if old is not None and is_refused(ask(self.request, self.found, old)):
            journey.note(Stage.REVOKE, State.DONE, "the old credential was revoked before")
            self._prove_refused(journey)
        elif gone and self.request.minter is not None:
            words = f"{self.request.minter.name} lists {', '.join(gone)} no more{listed}"
            journey.note(Stage.REVOKE, State.DONE, words)
            self._prove_refused(journey, *(["--revoke ID"] if others else []))
        else:
            words = "the list does not say which id is the old credential's; name it: --revoke ID"
            journey.note(Stage.REVOKE, State.WAITING, f"{words}{listed}")

    def _leave_to_user(self, journey: Journey) -> None:
        """Say what to revoke and where, or that it was done."""
        old = self.switched.old
        if old is not None and is_refused(ask(self.request, self.found, old)):
            journey.note(Stage.REVOKE, State.DONE, "the old credential was revoked at the registry")
            self._prove_refused(journey)
            return
        host = self.request.registry.host
        where = provider_of(host) or host
        whose = f" of {shown_user(old)}" if old is not None else ""
        journey.note(
            Stage.REVOKE,
            State.WAITING,
            f"revoke the old credential{whose} at {where} now, and see with --resume that it is refused",
        )

    def _prove_refused(self, journey: Journey, *hints: str) -> None:
        old = self.switched.old
        if old is None:
            journey.note(
                Stage.PROVE_REVOKED,
                State.WAITING,
                "the old password cannot be read from Git's history, so the registry was not asked about it",
            )
            return
        from gitops_secrets.report.proofs import sentence

        proof = ask_until(self.request, self.found, old, is_refused)
        if not is_refused(proof):
            raise GitOpsSecretsError(
                f"the old credential is not seen to be refused: {sentence(proof)}",
                "look at it at the registry; --resume asks again",
                *hints,
            )
        seconds = self.token_seconds
        life = f"{seconds} seconds" if seconds is not None else "a day at some registries"
        journey.note(
            Stage.PROVE_REVOKED,
            State.DONE,
            f"the registry refuses the old credential of {shown_user(old)}; {_TOKENS}: {life}",
        )


def refuse_others(request: Request, found: Found) -> None:
    """Raise GitOpsSecretsError if the old credential could not be revoked at the end, unless it is to be kept."""
    if request.keep_old:
        return
    others = [*found.holding.others, *elsewhere(request, found, found.current)]
    if others:
        raise GitOpsSecretsError(
            f"the credential is also in {', '.join(others)}, which a rotation does not change; "
            "--keep-old rotates and does not revoke it",
            "--keep-old",
        )
    _refuse_unopened(found)


def _refuse_unopened(found: Found) -> None:
    """Raise GitOpsSecretsError if a pull Secret cannot be opened, which may hold the credential."""
    if found.unopened:
        raise GitOpsSecretsError(
            "the old credential may be in pull Secrets that no identity at hand opens: "
            + ", ".join(secret.path for secret in found.unopened)
            + "; --keep-old rotates and does not revoke it",
            "--age-identity-file FILE",
            "--keep-old",
        )
