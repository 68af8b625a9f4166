"""That no pull Secret which Flux applies is readable in Git."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
from gitops_secrets.core.doctor.exposed import exposed
from gitops_secrets.core.doctor.given import Given

RANKS = {"readable": 120}


def check(given: Given) -> Iterator[Diagnosis]:
    """Yield the pull Secrets that are not encrypted."""
    for one in exposed(given.view, given.now):
        yield Diagnosis("readable", ERROR, one.words, (one.place, one.applied), one.fix)
