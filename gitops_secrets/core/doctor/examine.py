"""All checks of a repository, the worst first."""

from __future__ import annotations

from gitops_secrets.core.doctor import accounts, decryption, files, images, orphans, places
from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.flux.pullsecrets import Keys
from gitops_secrets.core.flux.view import View

_CHECKS = (places, decryption, files, accounts, orphans)
_ORDER = (
    *("kustomization", "flux-folder", "foreign-file", "deadlock", "sops-config", "decryption"),
    *(
        "decryption-secret",
        "post-quantum",
        "recipients",
        "encrypted-kind",
        "moved",
        "readable",
        "comments",
        "lockdown",
    ),
)
"""What stops most comes first: one broken kustomization explains much that follows."""


def examine(view: View, keys: Keys) -> tuple[Diagnosis, ...]:
    """Return everything that is wrong, each thing once: errors first, and what stops most first.

    *keys* are the registry keys of the pull Secrets that could be opened.
    """
    found = dict.fromkeys(d for module in _CHECKS for d in module.check(view))
    found |= dict.fromkeys(images.check(view, keys))
    return tuple(sorted(found, key=_rank))


def _rank(diagnosis: Diagnosis) -> tuple[bool, int]:
    known = diagnosis.check in _ORDER
    return diagnosis.severity != ERROR, _ORDER.index(diagnosis.check) if known else len(_ORDER)
