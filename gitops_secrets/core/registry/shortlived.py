"""Credentials that expire in hours: which they are, and what to use in their place."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from typing import NamedTuple

from gitops_secrets.core.registry.credentials import Credentials

_SOON = 7 * 24 * 3600
"""Seconds. What expires earlier does so before somebody rotates it by hand."""


class Expiry(NamedTuple):
    """What kind of credentials they are, and what lasts."""

    what: str
    advice: tuple[str, ...]


def _cloud(provider: str, kubelet: str, *more: str) -> tuple[str, ...]:
    return (
        f"let Flux log in by itself: spec.provider: {provider} in its OCIRepository, HelmRepository and ImageRepository",
        f"and the nodes: {kubelet}",
        *more,
    )


_ECR = re.compile(
    r"(?:.+\.)?dkr[.-]ecr(?:-fips)?\..*\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)"
    r"|public\.ecr\.aws|ecr-public\.aws\.com"
)
_AMAZON = Expiry(
    "a token of Amazon ECR, which expires after 12 hours",
    _cloud("aws", "the kubelet's credential provider ecr-credential-provider"),
)
_ROBOT = "make a robot account, a deploy token or an access token that lasts, at the registry"
_BY_USER = {
    "oauth2accesstoken": Expiry(
        "an access token of Google, which expires after an hour",
        _cloud(
            "gcp",
            "the kubelet's credential provider auth-provider-gcp",
            "or the key of a service account, with the user _json_key",
        ),
    ),
    "00000000-0000-0000-0000-000000000000": Expiry(
        "a token of Azure Container Registry, which expires after 3 hours",
        _cloud(
            "azure",
            "the kubelet's credential provider acr-credential-provider",
            "or a token that lasts: az acr token create",
        ),
    ),
    "gitlab-ci-token": Expiry(
        "the token of a GitLab job, which expires with the job",
        ("make a deploy token with read_registry in GitLab",),
    ),
    "iambearer": Expiry("a token of IBM Cloud, which expires after an hour", (_ROBOT,)),
    "cr_temp_user": Expiry("a token of Alibaba Cloud, which expires within a day", (_ROBOT,)),
}
_GITHUB = Expiry(
    "a token of a GitHub job or app, which expires after an hour",
    ("make a classic personal access token with read:packages in GitHub",),
)


def find_expiry(host: str, credentials: Credentials, now: float) -> Expiry | None:
    """Return why *credentials* for *host* do not last, None if nothing says that they expire within a week of *now*.

    *now* is in seconds since 1970. Nothing of the password is in the result.
    """
    if credentials.username == "AWS" and _ECR.fullmatch(host.partition(":")[0]):
        return _AMAZON
    if credentials.username in _BY_USER:
        return _BY_USER[credentials.username]
    if credentials.password.startswith("ghs_"):
        return _GITHUB
    expires = _expires(credentials.password)
    if expires is None or expires - now > _SOON:
        return None
    what = "expired already" if expires <= now else "expires within a week"
    return Expiry(f"a token (JWT) that {what}", (_ROBOT,))


def end_of(credentials: Credentials) -> dt.datetime | None:
    """Return when *credentials* end, as they say themselves; None if they do not."""
    expires = _expires(credentials.password)
    try:
        return dt.datetime.fromtimestamp(expires, dt.UTC) if expires is not None else None
    except (OverflowError, ValueError, OSError):
        return None


def _expires(password: str) -> float | None:
    """Return when *password* expires if it is a JWT that says so."""
    parts = password.split(".")
    if len(parts) != 3:
        return None
    header, claims = (_object(part) for part in parts[:2])
    expires = claims.get("exp")
    if "alg" not in header or isinstance(expires, bool) or not isinstance(expires, (int, float)):
        return None
    return expires


def _object(part: str) -> dict[str, object]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
