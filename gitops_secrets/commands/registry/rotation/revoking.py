"""The end of a rotation: the old credential is revoked, and seen to be refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from gitops_secrets.adapters.registries.minter import Minter, Rememberer
from gitops_secrets.commands.registry.rotation.asking import ask, ask_until, is_refused
from gitops_secrets.commands.registry.rotation.history import Switched
from gitops_secrets.commands.registry.rotation.holders import Found, elsewhere, holding
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.commands.registry.rotation.pausing import pause, reactivate
from gitops_secrets.commands.registry.shown import shown_user
from gitops_secrets.core.registry.provider import provider_of
from gitops_secrets.core.registry.rotation.minted import Listed, Naming, find_old
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
        gone = self._gone(minter)
        known = (*gone, *(one.ident for one in self.listed))
        unknown = [one for one in self.request.revoke if one not in known]
        if unknown and not self._is_refused():
            self._naming.refuse(
                unknown, f"leave --revoke {unknown[0]} out, if it is revoked already"
            )
        named = [one for one in self.request.revoke if self._naming.has(one)]
        idents = self._idents(named)
        if not idents:
            self._is_gone(gone, unknown, journey)
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
            f"{minter.name} revoked {', '.join(idents)}, and lists it no more{_forgotten(unknown)}",
        )
        self._prove_refused(journey)

    def take_back(self, journey: Journey) -> None:
        """Take the old credential into use again that was paused. Raises GitOpsSecretsError if that fails."""
        reactivate(
            self.request, self.found, self.switched, self._idents(self.request.revoke), journey
        )

    @property
    def _naming(self) -> Naming:
        minter, old = self.request.minter, self.switched.old
        return Naming(
            minter.name if minter is not None else "",
            self.listed,
            self.prefix,
            old.username if old is not None else None,
            self.record.ident,
            self.record.previous,
        )

    def _gone(self, minter: Minter) -> list[str]:
        """Return the ids that were there, by what Git notes or the provider remembers, and are listed no more."""
        noted = [self.record.previous] if self.record.previous is not None else []
        ended = set(minter.revoked()) if isinstance(minter, Rememberer) else set()
        known = [*(one for one in self.request.revoke if one in ended), *noted]
        return [one for one in dict.fromkeys(known) if not self._naming.has(one)]

    def _is_refused(self) -> bool:
        """Return whether the registry refuses the old credential, and not because it is paused."""
        old, previous = self.switched.old, self.record.previous
        if old is None or (previous is not None and self._naming.has(previous)):
            return False
        others = (one for one in self.listed if one.ident != self.record.ident)
        if any(one.is_paused and one.user in (None, old.username) for one in others):
            return False
        return is_refused(ask(self.request, self.found, old))

    def _idents(self, named: Sequence[str]) -> list[str]:
        """Return what is to be revoked. The old one comes first: once it is refused, the rest can be told by that."""
        self._naming.refuse(named)
        old = find_old(self.listed, self.switched.old, self.record.previous, self.prefix)
        found = [*([old] if old is not None else []), *named]
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

    def _is_gone(self, gone: Sequence[str], unknown: Sequence[str], journey: Journey) -> None:
        """Note that nothing is left to revoke, if registry or list say so; else wait for the user to say what to revoke.

        Raises GitOpsSecretsError if the list says so, by the ids that are *gone*, and the registry does not.
        """
        others = ", ".join(one.ident for one in self.listed if one.ident != self.record.ident)
        listed = f" (listed: {others})" if others else ""
        if self._is_refused():
            words = f"the old credential was revoked before{_forgotten(unknown)}"
            journey.note(Stage.REVOKE, State.DONE, words)
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


def _forgotten(unknown: Sequence[str]) -> str:
    """Return what is said of the ids *unknown*: a provider forgets what was deleted, and cannot tell it from a mistyped one."""
    if not unknown:
        return ""
    return f"; no credential has the id {', '.join(unknown)}, whether it was revoked before or never was there"


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
