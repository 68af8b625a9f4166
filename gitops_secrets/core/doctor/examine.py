"""All checks of a repository, the worst first."""

from __future__ import annotations

import datetime as dt

from gitops_secrets.core.doctor import (
    accounts,
    builds,
    decryption,
    expiry,
    files,
    images,
    namespaces,
    orphans,
    places,
    secrettypes,
)
from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.flux.pullsecrets import Keys
from gitops_secrets.core.flux.view import View

RANK = (
    *("kustomization", "flux-folder", "foreign-file", "deadlock", "sops-config", "decryption"),
    *("decryption-secret", "post-quantum", "recipients", "encrypted-kind", "moved", "readable"),
    *(
        "comments",
        "secret-type",
        "lockdown",
        "service-accounts",
        "pod-template",
        "images",
        "expiry",
        "namespace",
    ),
    *("mac", "size", "orphans"),
)
"""Every check of a repository, in the order of docs/doctor.md: what stops most comes first.

One broken kustomization explains much that follows. A module may have several checks.
"""
_MODULES = (places, builds, decryption, files, secrettypes, accounts, namespaces, orphans)


def examine(view: View, keys: Keys, now: dt.datetime) -> tuple[Diagnosis, ...]:
    """Return everything that is wrong at *now*, each thing once: errors first, and what stops most first.

    *keys* are the registry keys of the pull Secrets that could be opened.
    """
    found = dict.fromkeys(d for module in _MODULES for d in module.check(view))
    found |= dict.fromkeys(images.check(view, keys))
    found |= dict.fromkeys(expiry.check(view, now))
    return tuple(sorted(found, key=_rank))


def _rank(diagnosis: Diagnosis) -> tuple[bool, int]:
    return diagnosis.severity != ERROR, RANK.index(diagnosis.check)
