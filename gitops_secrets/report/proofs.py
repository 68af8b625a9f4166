"""What is said of a credential that was checked."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from gitops_secrets.core.flux.pulls.commands import commands_for
from gitops_secrets.core.flux.pulls.secrets import PullSecret
from gitops_secrets.core.registry.limits import Allowance
from gitops_secrets.core.registry.proof import Proof
from gitops_secrets.core.registry.reference import Registry
from gitops_secrets.core.registry.verdict import Password, Reason
from gitops_secrets.report.words import count

_NAME_IMAGE = "{naming} {host}/NAME:TAG"
"""A private image that the registry has."""
_SAYS: dict[Reason, tuple[str, str]] = {
    Reason.PULLED: ("{user} pulls {image}", ""),
    Reason.PUBLIC_IMAGE: (
        "{image} can be pulled without credentials, so nothing is proven{password}",
        _NAME_IMAGE,
    ),
    Reason.WRONG_PASSWORD: ("wrong user name or password for {user}", "{update}"),
    Reason.EXPIRED: ("the credentials of {user} have expired", "{update}"),
    Reason.NO_PERMISSION: (
        "{user} has the right password, and may not pull {image}, or it does not exist",
        "give {user} the right to pull at the registry",
    ),
    Reason.NOT_TOLD: (
        "{user} may not pull {image}; the registry does not say if password, right or image is missing",
        "{update}",
    ),
    Reason.NO_SUCH_IMAGE: ("there is no image {image}{password}", _NAME_IMAGE),
    Reason.NO_IMAGE: (
        "no image of it is known in this repository{password}",
        _NAME_IMAGE,
    ),
    Reason.NOT_A_REGISTRY: (
        "what answers at {host} is not a registry, or hides {image} from everybody",
        "see whether the host and the port are right",
    ),
    Reason.RATE_LIMITED: (
        "the registry limits how often it is asked{words}",
        "wait, and try again",
    ),
    Reason.SERVER_ERROR: (
        "the registry fails, or refuses every request with a password",
        "look into the registry's log",
    ),
    Reason.REALM_FAILED: (
        "the token server of the registry gives no token",
        "look into the token server's log",
    ),
    Reason.REALM_INVALID: (
        "the registry names a token server that has no valid address",
        "set the token server's address at the registry",
    ),
    Reason.REALM_WITHOUT_TLS: (
        "the registry sends to a token server without TLS{words}, and the password was not sent there",
        "give the token server TLS, or allow it once: --plain-http {words_host}",
    ),
    Reason.REALM_ELSEWHERE: (
        "the registry sends to a token server on another host{words}, and the password was not sent there",
        "if that is the registry's own token server: --realm {words_host}, or registry-realms in your settings",
    ),
    Reason.REDIRECTED: (
        "the registry redirects to another host, and the password was not sent there",
        "name the registry by the host that it redirects to",
    ),
    Reason.TLS: (
        "no secure connection{words}",
        "if the registry has a certificate of your own CA, which nodes and Flux need too: --ca-file CA.pem",
    ),
    Reason.PLAIN_HTTP: (
        "{host} does not speak TLS",
        "if it has none, and others on the way may read the credentials: --plain-http {host}",
    ),
    Reason.UNREACHABLE: ("no connection{words}", "see whether this machine reaches {host}"),
    Reason.TIMED_OUT: ("no answer in time", "--timeout SECONDS"),
    Reason.TOO_LARGE: ("the answer is too large for a registry's", "see what answers at {host}"),
}
_PASSWORD = {
    Password.ACCEPTED: "; user name and password are accepted",
    Password.REFUSED: "; user name and password are refused",
    Password.NOT_TOLD: "",
}
PRIVATE_REALM = "the token server has a private address: nodes pull, and source-controller refuses it; give it a name"
"""What is noted where the kubelet and Flux differ."""


def sentence(proof: Proof) -> str:
    """Return what was found out, as one sentence."""
    return _filled(proof, _SAYS[proof.judgement.reason][0])


def hint(
    proof: Proof,
    naming: str = "gitops-secrets registry check",
    holders: Sequence[PullSecret] = (),
) -> str:
    """Return what to do about it, empty if there is nothing to do.

    *naming* is what an image is named by, *holders* are the pull Secrets that hold the credential; none if it is
    only to be written.
    """
    if proof.is_good:
        return ""
    return _filled(proof, _SAYS[proof.judgement.reason][1], naming, holders)


def what_is_left(allowance: Allowance) -> str:
    """Return how many pulls are left, in words."""
    hours, rest = divmod(allowance.window, 3600)
    time = f"{allowance.window} seconds" if rest or not hours else count(hours, "hours")
    whose = f", counted for this {allowance.counted_for}" if allowance.counted_for else ""
    return f"{allowance.remaining} of {count(allowance.limit, 'pulls')} in {time} are left{whose}"


def _filled(proof: Proof, words: str, naming: str = "", holders: Sequence[PullSecret] = ()) -> str:
    registry = Registry(proof.key)
    paths = dict.fromkeys(holder.cluster.path for holder in holders)
    options = "".join(f" --path {shlex.quote(path)}" for path in paths)
    return words.format(
        user=proof.user,
        image=proof.image or registry.host,
        host=registry.host,
        naming=f"{naming}{options}",
        password=_PASSWORD[proof.judgement.password],
        words=f" ({proof.words})" if proof.words else "",
        words_host=proof.words or "HOST",
        update=commands_for("update", holders, registry),
    )
