"""What the registry says of the old and the new credential; asked again where an answer may need a moment."""

from __future__ import annotations

import time
from collections.abc import Callable

from gitops_secrets.commands.registry.proving import Question, prove
from gitops_secrets.commands.registry.rotation.holders import Found
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.core.flux.pulls.usage import uses
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.image import Image, images_at
from gitops_secrets.core.registry.proof import Proof
from gitops_secrets.core.registry.reference import covers
from gitops_secrets.core.registry.rotation.stages import Journey, Stage, State
from gitops_secrets.core.registry.verdict import Reason, Verdict
from gitops_secrets.report.proofs import sentence

_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds: a registry may need a moment until it knows what was minted or revoked."""


def ask(request: Request, found: Found, credentials: Credentials) -> Proof:
    """Return what the registry says of *credentials* now, by a fresh exchange."""
    question = Question(found.first.key, credentials, _images(request, found))
    return prove([question], request.means)[0]


def ask_until(
    request: Request, found: Found, credentials: Credentials, settled: Callable[[Proof], bool]
) -> Proof:
    """Return what the registry says once it is *settled*, or at last."""
    proof = ask(request, found, credentials)
    for pause in _PAUSES:
        if settled(proof):
            break
        time.sleep(pause)
        proof = ask(request, found, credentials)
    return proof


def see_pull(
    request: Request, found: Found, credentials: Credentials, stage: Stage, journey: Journey
) -> Proof | None:
    """Note at *stage* whether *credentials* pull, and return what the registry says; None with ``--check never``."""
    if not request.check:
        journey.note(stage, State.SKIPPED, "not proven, as --check never says")
        return None
    request.progress(f"asking {request.registry.host}")
    proof = ask_until(request, found, credentials, _is_settled)
    journey.note(stage, State.DONE if proof.is_good else State.FAILED, sentence(proof))
    return proof


def _is_settled(proof: Proof) -> bool:
    """Return whether a moment more would not change the answer: without an image, nothing is pulled later either."""
    return proof.is_good or proof.judgement.reason is Reason.NO_IMAGE


def is_refused(proof: Proof) -> bool:
    """Return whether the registry refuses the credential."""
    return proof.judgement.verdict is Verdict.REFUSED


def _images(request: Request, found: Found) -> tuple[Image, ...]:
    key = found.first.key
    if request.images:
        return tuple(image for image in request.images if covers(key, image.name))
    clusters = dict.fromkeys(holder.secret.cluster for holder in found.holding.ours)
    used = (use.reference for c in clusters for use in uses(found.seen.view, c))
    return images_at(used, key)
