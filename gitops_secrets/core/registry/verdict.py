"""What the answers of a registry say of a credential.

One status never decides. A registry may hide an image from everybody with 401, give a powerless token to a
wrong password with 200, or let everybody pull: what was answered with the credential counts only beside
what was answered without.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from gitops_secrets.core.registry.challenge import Challenge, find_challenge


class Verdict(StrEnum):
    """Whether the credential pulls."""

    PROVEN = "proven"
    """It pulls what cannot be pulled without it."""
    PUBLIC = "public"
    """The image can be pulled without it, so that nothing is proven."""
    REFUSED = "refused"
    UNPROVEN = "unproven"
    """Nothing can be said: the image is absent, or the registry could not be asked."""


class Password(StrEnum):
    """What the registry says of user name and password alone."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_TOLD = "not-told"


class Reason(StrEnum):
    """Why a verdict is what it is."""

    PULLED = "pulled"
    PUBLIC_IMAGE = "public-image"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105
    NO_PERMISSION = "no-permission"
    NOT_TOLD = "not-told"
    EXPIRED = "expired"
    NO_SUCH_IMAGE = "no-such-image"
    NO_IMAGE = "no-image"
    NOT_A_REGISTRY = "not-a-registry"
    RATE_LIMITED = "rate-limited"
    SERVER_ERROR = "server-error"
    REALM_FAILED = "realm-failed"
    REALM_INVALID = "realm-invalid"
    REALM_WITHOUT_TLS = "realm-without-tls"
    REALM_ELSEWHERE = "realm-elsewhere"
    REDIRECTED = "redirected"
    TLS = "tls"
    PLAIN_HTTP = "plain-http"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed-out"
    TOO_LARGE = "too-large"


class Answer(NamedTuple):
    """One answer, as far as it matters."""

    status: int
    challenges: tuple[Challenge, ...] = ()
    is_manifest: bool = False
    """Whether it has the media type of one of the four kinds of manifests."""
    is_registry: bool = False
    """Whether it is made as a registry makes it: the header of its API, or errors in its form."""
    is_expired: bool = False
    """Whether it says that the credential has expired."""

    @property
    def is_pull(self) -> bool:
        """Whether this is the manifest that was asked for."""
        return self.status == 200 and self.is_manifest


class Attempt(NamedTuple):
    """One attempt at a manifest: with a fresh exchange, or without a credential."""

    manifest: Answer
    """The last answer for the manifest."""
    realm: Answer | None = None
    """That of the realm, None if none was asked."""
    has_token: bool = True
    """Whether the realm gave a token."""


class Observed(NamedTuple):
    """All that was answered for one credential and one image."""

    anonymous: Attempt
    credential: Attempt | None = None
    """None if the registry asked for none."""
    open_ping: Answer | None = None
    """GET /v2/ without a credential."""
    ping: Answer | None = None
    """GET /v2/ with user name and password."""
    stranger: Answer | None = None
    """The realm's answer to a user that does not exist."""


class Judgement(NamedTuple):
    """A verdict, and what it rests on."""

    verdict: Verdict
    reason: Reason
    password: Password = Password.NOT_TOLD

    @property
    def is_good(self) -> bool:
        """Whether the registry was seen to accept the credential."""
        is_accepted = self.password is Password.ACCEPTED
        return self.verdict is Verdict.PROVEN or (self.verdict is Verdict.PUBLIC and is_accepted)

    @property
    def asks_for_another(self) -> bool:
        """Whether another image of the registry may tell more."""
        return self.verdict is Verdict.PUBLIC or self.reason is Reason.NO_SUCH_IMAGE


def judge(seen: Observed) -> Judgement:
    """Return what *seen* says of the credential."""
    password = judge_password(seen)
    found = _trouble(seen)
    if found is None and seen.anonymous.manifest.is_pull:
        found = _judge_public(seen, password)
    elif found is None and seen.credential is not None:
        found = _judge_private(seen.credential, password)
        is_told = _is_refused(seen.stranger) or _is_closed(seen.anonymous)
        if found[0] is Verdict.PROVEN and not is_told:
            found = Verdict.UNPROVEN, Reason.REALM_FAILED
    verdict, reason = found or (Verdict.UNPROVEN, _absent(seen.anonymous.manifest))
    return Judgement(verdict, reason, password)


def judge_without_image(seen: Observed) -> Judgement:
    """Return what *seen*, which is of no image, says of the credential: at most that it is wrong."""
    password = judge_password(seen)
    if password is Password.REFUSED:
        return Judgement(Verdict.REFUSED, Reason.WRONG_PASSWORD, password)
    return Judgement(Verdict.UNPROVEN, Reason.NO_IMAGE, password)


def judge_password(seen: Observed) -> Password:
    """Return what *seen* says of user name and password, whatever may be pulled with them."""
    tried = seen.credential
    if tried is not None and tried.realm is not None and tried.realm.status == 401:
        return Password.REFUSED
    # A registry that takes tokens alone answers 401 to every password, and asks for no other.
    asks = seen.ping is not None and find_challenge(seen.ping.challenges, "basic") is not None
    if asks and seen.ping is not None and seen.ping.status == 401:
        return Password.REFUSED
    is_closed = seen.open_ping is not None and seen.open_ping.status == 401
    if is_closed and seen.ping is not None and seen.ping.status == 200:
        return Password.ACCEPTED
    if tried is None:
        return Password.NOT_TOLD
    if tried.realm is not None:
        is_told = _is_refused(seen.stranger)
        return Password.ACCEPTED if is_told and tried.realm.status == 200 else Password.NOT_TOLD
    if seen.anonymous.manifest.status == 401 and tried.manifest.status in (200, 403, 404):
        return Password.ACCEPTED
    return Password.NOT_TOLD


def wants_stranger(seen: Observed) -> bool:
    """Return whether only the realm's answer to a made-up user would tell a wrong password from a missing right.

    Or whether anybody can pull: a realm may have no answer but an error for who brings no user at all.
    """
    tried = seen.credential
    if tried is not None and tried.manifest.is_pull:
        return not seen.anonymous.manifest.is_pull and not _is_closed(seen.anonymous)
    return (
        tried is not None
        and tried.realm is not None
        and tried.realm.status == 200
        and tried.manifest.status in (401, 403)
        and judge_password(seen) is Password.NOT_TOLD
    )


def _trouble(seen: Observed) -> tuple[Verdict, Reason] | None:
    """Return why nothing can be said, None if something can."""
    tried = seen.credential
    answers = [seen.anonymous.manifest]
    if tried is not None:
        answers += [tried.manifest, *([tried.realm] if tried.realm is not None else [])]
    # Without a credential, a realm that fails looks like one that refuses.
    realm = seen.anonymous.realm
    asked = [*answers, *([realm] if realm is not None else [])]
    if any(answer.status == 429 for answer in asked):
        return Verdict.UNPROVEN, Reason.RATE_LIMITED
    if any(answer.status >= 500 for answer in asked):
        return Verdict.UNPROVEN, Reason.SERVER_ERROR
    if any(answer.status == 200 and not answer.is_manifest for answer in answers[:2]):
        return Verdict.UNPROVEN, Reason.NOT_A_REGISTRY
    return None


def _is_refused(answer: Answer | None) -> bool:
    return answer is not None and answer.status in (401, 403)


def _is_closed(anonymous: Attempt) -> bool:
    """Return whether the image was refused without a credential, and not only not given."""
    if anonymous.realm is not None and not anonymous.has_token:
        return anonymous.realm.status in (401, 403)
    return anonymous.manifest.status in (401, 403, 404)


def _judge_public(seen: Observed, password: Password) -> tuple[Verdict, Reason]:
    tried = seen.credential
    if password is Password.REFUSED:
        return Verdict.REFUSED, Reason.WRONG_PASSWORD
    if tried is not None and not tried.manifest.is_pull:
        # Worse than none: with it, not even a public image is pulled.
        return _judge_private(tried, password)
    return Verdict.PUBLIC, Reason.PUBLIC_IMAGE


def _judge_private(tried: Attempt, password: Password) -> tuple[Verdict, Reason]:
    manifest, realm = tried.manifest, tried.realm
    if manifest.is_pull:
        return Verdict.PROVEN, Reason.PULLED
    if manifest.is_expired or (realm is not None and realm.is_expired):
        return Verdict.REFUSED, Reason.EXPIRED
    if realm is not None and realm.status in (401, 403):
        is_wrong = password is Password.REFUSED
        return Verdict.REFUSED, Reason.WRONG_PASSWORD if is_wrong else Reason.NOT_TOLD
    if realm is not None and (realm.status != 200 or not tried.has_token):
        return Verdict.UNPROVEN, Reason.REALM_FAILED
    if manifest.status == 404:
        return Verdict.UNPROVEN, _absent(manifest)
    if manifest.status in (401, 403, 405):
        reasons = {
            Password.ACCEPTED: Reason.NO_PERMISSION,
            Password.REFUSED: Reason.WRONG_PASSWORD,
            Password.NOT_TOLD: Reason.NOT_TOLD,
        }
        return Verdict.REFUSED, reasons[password]
    # 400 to everybody who sends a credential: a broken file of passwords, for example.
    return Verdict.UNPROVEN, Reason.SERVER_ERROR


def _absent(manifest: Answer) -> Reason:
    is_image = manifest.is_registry and manifest.status == 404
    return Reason.NO_SUCH_IMAGE if is_image else Reason.NOT_A_REGISTRY
